import type { RedisAddress, RedisNode } from "./redis-address.ts";

/** The URL that `parseRedisUrl` makes this address of, without user and password. */
export function redisUrlOf({
  mode,
  nodes,
  master,
  database,
  secure,
}: Omit<RedisAddress, "user" | "password">): string {
  const scheme = `${secure ? "rediss" : "redis"}${mode === "standalone" ? "" : `+${mode}`}`;
  const name = master === undefined ? "" : `/${encodeURIComponent(master)}`;
  return `${scheme}://${nodes.map(hostAndPort).join(",")}${name}${mode === "cluster" ? "" : `/${database}`}`;
}

function hostAndPort({ host, port }: RedisNode): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
