import type { ResolvedLimit } from "../config/resolved.ts";

/** What of a pool says how it is limited. */
export interface LimitedPool extends Limited {
  readonly servers: readonly Limited[];
}

interface Limited {
  readonly name: string;
  readonly limit?: ResolvedLimit | undefined;
}

/** What is limited, a pool or a server as `pool/server` -> requests outstanding in the whole cluster. */
export type ClusterLimits = ReadonlyMap<string, number>;

/** All limits of the whole cluster in a configuration. */
export function clusterLimits(pools: readonly LimitedPool[]): ClusterLimits {
  const limits = new Map<string, number>();
  for (const { name: pool, limit, servers } of pools) {
    if (limit?.scope === "cluster") limits.set(pool, limit.outstanding);
    for (const server of servers)
      if (server.limit?.scope === "cluster") limits.set(`${pool}/${server.name}`, server.limit.outstanding);
  }
  return limits;
}
