import type { ResolvedConfig, ResolvedPool } from "@shunt/core";

/** A server's name in load reports and metrics: `pool/server`. */
export function serverNames(config: Pick<ResolvedConfig, "pools">): string[] {
  return config.pools.flatMap(namesIn);
}

export function namesIn(pool: ResolvedPool): string[] {
  return pool.servers.map((server) => `${pool.name}/${server.name}`);
}
