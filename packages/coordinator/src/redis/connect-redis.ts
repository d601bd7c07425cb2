import {
  type LinkOptions,
  RedisLink,
  type ResolvedRedis,
  reconnectDelay,
  redisClientOptions,
} from "@shunt/core";
import type { Cluster, Redis } from "ioredis";

type Client = Redis | Cluster;

/** A connection that waits to be opened. The client is loaded now: one host needs none. */
export async function linkRedis(
  redis: ResolvedRedis,
  name: string,
  options: Pick<LinkOptions<Client>, "watch" | "onReady" | "onLost">,
): Promise<RedisLink<Client>> {
  const client = await connectRedis(redis, name);
  return new RedisLink<Client>({ client, name, now: () => performance.now(), ...options });
}

export async function connectRedis(redis: ResolvedRedis, role: string): Promise<Client> {
  const ioredis = await import("ioredis");
  const options = { ...redisClientOptions(redis, role), retryStrategy };
  if (redis.mode !== "cluster")
    return new ioredis.Redis({ ...options, sentinelRetryStrategy: retryStrategy });
  const { retryStrategy: clusterRetryStrategy, enableOfflineQueue, lazyConnect, ...redisOptions } = options;
  return new ioredis.Cluster([...redis.nodes], {
    clusterRetryStrategy,
    enableOfflineQueue,
    lazyConnect,
    // The link has a check of its own, which is the same for all kinds.
    enableReadyCheck: false,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    redisOptions,
  });
}

const retryStrategy = (failures: number): number => reconnectDelay(failures, Math.random());
