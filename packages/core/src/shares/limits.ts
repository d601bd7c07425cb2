import type { ResolvedPool } from "../config/resolved.ts";

/** What is limited, a pool or a server as `pool/server` -> requests outstanding in the whole cluster. */
export type ClusterLimits = ReadonlyMap<string, number>;

/** All limits of the whole cluster in a configuration. */
export function clusterLimits(pools: readonly ResolvedPool[]): ClusterLimits {
  const limits = new Map<string, number>();
  for (const { name: pool, limit, servers } of pools) {
    if (limit?.scope === "cluster") limits.set(pool, limit.outstanding);
    for (const server of servers)
      if (server.limit?.scope === "cluster") limits.set(`${pool}/${server.name}`, server.limit.outstanding);
  }
  return limits;
}
