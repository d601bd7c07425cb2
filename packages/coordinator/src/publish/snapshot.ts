import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { type DataPlaneConfig, decodeSnapshot, type Snapshot } from "@shunt/core";
import type { Logger } from "pino";
import type { OwnConfig } from "../change/options-of.ts";

/** What acceptors may know of the configuration: what they decide by, and not the admin's tokens. */
export function snapshotOf(
  generation: number,
  config: DataPlaneConfig & Partial<OwnConfig>,
  term = 0,
): Snapshot {
  const { admin: _, state: __, ...dataPlane } = config;
  return { term, generation, config: dataPlane };
}

/** In one write: a reader finds the old snapshot or the new one. Holds keys, so it is for this user alone. */
export function writeSnapshot(path: string, snapshot: Snapshot): void {
  const next = `${path}.next`;
  writeFileSync(next, JSON.stringify(snapshot), { mode: 0o600, flush: true });
  renameSync(next, path);
}

/** The generation in a snapshot file; 0 when there is none that can be read. */
export function generationIn(path: string, log: Logger): number {
  try {
    return decodeSnapshot(JSON.parse(readFileSync(path, "utf8"))).generation;
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!missing) log.warn({ err: error, path }, "snapshot file cannot be read, it will be written anew");
    return 0;
  }
}
