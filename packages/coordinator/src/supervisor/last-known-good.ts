import type { ResolvedState, Snapshot } from "@shunt/core";
import { decodeSnapshot } from "@shunt/core/contract/decode-snapshot";
import type { Log } from "./log.ts";
import { readText } from "./state-directory.ts";

/**
 * The file of the last snapshot in a state directory. What lies there of another cluster is none of ours, so the name has
 * the prefix of the cluster in it.
 */
export function lastKnownGoodFile(state: ResolvedState): string {
  return state.kind === "embedded" ? "snapshot.json" : `snapshot-${state.prefix}.json`;
}

/** Undefined when there is none; one that is damaged is named, and left where it is. */
export function readLastKnownGood(path: string, log: Log): Snapshot | undefined {
  try {
    const text = readText(path);
    return text === undefined ? undefined : decodeSnapshot(JSON.parse(text));
  } catch (error) {
    log.warn({ path, reason: String(error) }, "the last snapshot on disk is damaged, and is not used");
    return undefined;
  }
}
