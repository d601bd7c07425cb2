import { parseRedisUrl, RedisWatch, type ResolvedRedis } from "@shunt/core";

let prefixes = 0;

/** State in a Redis for tests, under a prefix of its own unless one is given. */
export function redisState(url: string, path = "/nowhere", prefix = `test-${process.pid}-${++prefixes}`) {
  const parsed = parseRedisUrl(url);
  if (!parsed.ok) throw new Error(parsed.problem);
  return { kind: "redis", ...parsed.address, path, prefix, tls: undefined } satisfies ResolvedRedis;
}

/** How Redis does is of no interest. */
export const unwatched = (): RedisWatch => new RedisWatch({ began: () => {}, ended: () => {} });
