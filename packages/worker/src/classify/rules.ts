import type { DataPlaneConfig, Snapshot } from "@shunt/core";
import { Judge } from "./judge.ts";

/**
 * More rules than this are for the threads alone. To index them takes 20 to 30 microseconds for each, in which an event loop
 * serves nobody; and who has so many has more than one client at a time.
 */
export const LOOP_RULES = 1_000;

/** What heads are judged by. Many snapshots may have the same: most changes are about servers. */
export interface Rules {
  /** The configuration without servers, as JSON. */
  readonly text: string;
  /** The text as the threads read it. */
  readonly memory: SharedArrayBuffer;
  /** For what is judged on the loop; undefined where nothing is. */
  readonly judge: Judge | undefined;
}

/** Rejects when rules or keys cannot be used, unless only a thread can tell. */
export async function rulesOf({ config }: Snapshot, text: string): Promise<Rules> {
  const judge = config.rules.length > LOOP_RULES ? undefined : await Judge.of(config);
  const octets = Buffer.from(text);
  const memory = new SharedArrayBuffer(octets.length);
  new Uint8Array(memory).set(octets);
  return { text, memory, judge };
}

/** The configuration without the servers of its pools: no judgement depends on them. */
export function textOf(config: DataPlaneConfig): string {
  return JSON.stringify({ ...config, pools: config.pools.map((pool) => ({ ...pool, servers: [] })) });
}
