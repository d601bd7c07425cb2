import type { ResolvedPool, ResolvedServer } from "@shunt/core";
import type { KnownHealth } from "../health/known-health.ts";
import { mergedHealth } from "../health/merged-health.ts";
import { type LoadTable, type TotalLoad, totals } from "../load/aggregate.ts";

/** Servers of one pool, each with its state, its health and what it is loaded with now. */
export function describeServers(
  pool: ResolvedPool,
  servers: readonly ResolvedServer[],
  tables: readonly LoadTable[],
  known: KnownHealth,
) {
  const loads = totals(
    servers.map(({ name }) => `${pool.name}/${name}`),
    tables,
  );
  return servers.map(({ name, authority, weight, state }, index) => {
    const { server, ...load } = loads[index] as TotalLoad;
    const { health, reasons } = mergedHealth(server, pool, known.of(server), tables);
    return { name, url: `http://${authority}`, weight, state, health, reasons, ...load };
  });
}
