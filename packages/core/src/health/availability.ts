/**
 * What is asked of a pool as a whole: whether it can spare one more server, and whether so few are left that health
 * counts no more.
 */

import type { ServerState } from "../config/resolved.ts";
import type { Ejection } from "./ejection.ts";

export interface Judged {
  readonly state: ServerState;
  /** By active checks; true where there are none. */
  readonly healthy: boolean;
  readonly ejection: Ejection;
}

/** Nothing speaks against it. One that is being probed is not available: it is not known to answer. */
export function isAvailable({ state, healthy, ejection }: Judged): boolean {
  return state === "ready" && healthy && ejection.state === "alive";
}

/** Whether the server may be ejected: only when another one of its pool is available. */
export function mayEject(servers: readonly Judged[], index: number): boolean {
  for (let i = 0; i < servers.length; i++) {
    if (i !== index && isAvailable(servers[i] as Judged)) return true;
  }
  return false;
}

/**
 * Whether it may be ejected for something in which clients have a hand: then, besides, no more than `maxPercent` of the
 * ready servers may be away, this one counted in, whatever the others are away for. One always may.
 */
export function mayEjectOutlier(servers: readonly Judged[], index: number, maxPercent: number): boolean {
  const { ready, available } = censusOf(servers);
  const bound = Math.max(1, Math.floor((ready * maxPercent) / 100));
  return ready - available + 1 <= bound && mayEject(servers, index);
}

/**
 * Whether every server whose state is `ready` gets requests, its health notwithstanding: less than `panicPercent` of them
 * are available. 0 is never.
 */
export function panics(servers: readonly Judged[], panicPercent: number): boolean {
  const { ready, available } = censusOf(servers);
  return isPanic(ready, available, panicPercent);
}

export function isPanic(ready: number, available: number, panicPercent: number): boolean {
  return available * 100 < panicPercent * ready;
}

function censusOf(servers: readonly Judged[]): { readonly ready: number; readonly available: number } {
  let ready = 0;
  let available = 0;
  for (const server of servers) {
    if (server.state === "ready") ready++;
    if (isAvailable(server)) available++;
  }
  return { ready, available };
}
