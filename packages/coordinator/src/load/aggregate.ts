import type { PublishedLoad, ServerLoad } from "@shunt/core";

/** What one acceptor has at each server, by `pool/server`. */
export type LoadTable = ReadonlyMap<string, ServerLoad>;

/** One server over all acceptors that count. */
export interface TotalLoad {
  readonly server: string;
  readonly outstanding: number;
  readonly requests: number;
  readonly failures: number;
  readonly connections: number;
  /** Mean of what acceptors measured, weighted by their requests; 0 while none measured anything. */
  readonly latencyMs: number;
  /** Acceptors that have ejected it for now. */
  readonly ejectedBy: number;
}

/** Totals of the servers named, in that order; one that nobody speaks of has zeros. */
export function totals(servers: readonly string[], tables: readonly LoadTable[]): TotalLoad[] {
  return servers.map((server) => totalOf(server, tables));
}

/** What acceptors are told: how much all of them together have outstanding at each server. */
export function publishedLoads(servers: readonly string[], tables: readonly LoadTable[]): PublishedLoad[] {
  return servers.map((server) => {
    let outstanding = 0;
    for (const table of tables) outstanding += table.get(server)?.outstanding ?? 0;
    return { server, outstanding };
  });
}

function totalOf(server: string, tables: readonly LoadTable[]): TotalLoad {
  const sum = { outstanding: 0, requests: 0, failures: 0, connections: 0, ejectedBy: 0 };
  let weighted = 0;
  let measured = 0;
  for (const table of tables) {
    const load = table.get(server);
    if (load === undefined) continue;
    sum.outstanding += load.outstanding;
    sum.requests += load.requests;
    sum.failures += load.failures;
    sum.connections += load.connections;
    if (load.ejected) sum.ejectedBy += 1;
    if (load.latencyMs === 0) continue;
    // At least 1: a first answer may be measured before its request is counted in a report.
    const weight = Math.max(1, load.requests);
    weighted += load.latencyMs * weight;
    measured += weight;
  }
  return { server, ...sum, latencyMs: measured === 0 ? 0 : weighted / measured };
}
