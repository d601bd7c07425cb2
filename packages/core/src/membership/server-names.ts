import type { DataPlaneConfig, ResolvedPool } from "../config/resolved.ts";

/** Names of all servers in load reports and metrics, `pool/server`, in the order of the configuration. */
export function serverNames(config: Pick<DataPlaneConfig, "pools">): string[] {
  return config.pools.flatMap(namesIn);
}

export function namesIn(pool: Pick<ResolvedPool, "name" | "servers">): string[] {
  return pool.servers.map((server) => `${pool.name}/${server.name}`);
}
