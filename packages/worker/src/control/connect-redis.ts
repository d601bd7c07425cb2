import { type ResolvedRedis, reconnectDelay, redisClientOptions } from "@shunt/core";
import type { Cluster, Redis } from "ioredis";

/** A connection that waits for `connect()`. The client is loaded now: an acceptor without Redis does not pay for it. */
export async function connectRedis(redis: ResolvedRedis, role: string): Promise<Redis | Cluster> {
  const ioredis = await import("ioredis");
  const options = { ...redisClientOptions(redis, role), retryStrategy };
  if (redis.mode !== "cluster")
    return new ioredis.Redis({ ...options, sentinelRetryStrategy: retryStrategy });
  const { retryStrategy: clusterRetryStrategy, enableOfflineQueue, lazyConnect, ...redisOptions } = options;
  return new ioredis.Cluster([...redis.nodes], {
    clusterRetryStrategy,
    enableOfflineQueue,
    lazyConnect,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    redisOptions,
  });
}

const retryStrategy = (failures: number): number => reconnectDelay(failures, Math.random());
