import type { RedisTls, ResolvedRedis } from "../config/resolved.ts";
import type { RedisNode } from "./redis-address.ts";

/**
 * How every connection to Redis behaves, in the words of ioredis: nothing waits in a queue while Redis is away, nothing
 * is sent twice, and whoever does not answer is not waited for.
 */

/** A command that takes longer has failed for whoever asked; it may have been done all the same. */
export const COMMAND_TIMEOUT_MS = 1_500;
/**
 * A connection on which an answer is due and nothing comes for so long is given up: a network that swallows packets
 * closes nothing. Longer than a pause of two seconds, which is no reason to connect anew.
 */
const SILENCE_MS = 4_000;
const CONNECT_TIMEOUT_MS = 2_000;
const RECONNECT_FIRST_MS = 50;
const RECONNECT_MOST_MS = 1_000;

export interface RedisClientOptions {
  readonly host?: string;
  readonly port?: number;
  readonly sentinels?: RedisNode[];
  readonly name?: string;
  readonly enableTLSForSentinelMode?: boolean;
  readonly sentinelTLS?: TlsOptions;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: TlsOptions;
  readonly connectionName: string;
  readonly protocol: 2;
  readonly enableOfflineQueue: boolean;
  readonly enableReadyCheck: boolean;
  readonly autoResendUnfulfilledCommands: boolean;
  readonly autoResubscribe: boolean;
  readonly maxRetriesPerRequest: number;
  readonly commandTimeout: number;
  readonly socketTimeout: number;
  readonly connectTimeout: number;
  readonly disableClientInfo: boolean;
  readonly lazyConnect: boolean;
}

interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
}

/** @param role stands in `CLIENT LIST`: what the connection is for. */
export function redisClientOptions(redis: ResolvedRedis, role: string): RedisClientOptions {
  return {
    ...whereItIs(redis),
    db: redis.database,
    ...(redis.user === undefined ? {} : { username: redis.user }),
    ...(redis.password === undefined ? {} : { password: redis.password }),
    ...(redis.secure ? { tls: tlsOptions(redis.tls) } : {}),
    connectionName: `shunt-${role}`,
    protocol: 2,
    enableOfflineQueue: false,
    // Sentinels may still name a server that is a replica by now. Elsewhere the first command finds out what is wrong, and
    // with a name: a check would wait in silence while Redis loads.
    enableReadyCheck: redis.mode === "sentinel",
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    socketTimeout: SILENCE_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    disableClientInfo: true,
    lazyConnect: true,
  };
}

function whereItIs({ mode, nodes, master, secure, tls }: ResolvedRedis): Partial<RedisClientOptions> {
  if (mode === "standalone") return { ...nodes[0] };
  if (mode === "cluster") return {};
  return {
    sentinels: [...nodes],
    name: master ?? "",
    ...(secure ? { enableTLSForSentinelMode: true, sentinelTLS: tlsOptions(tls) } : {}),
  };
}

function tlsOptions(tls: RedisTls | undefined): TlsOptions {
  return {
    ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls?.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls?.key === undefined ? {} : { key: tls.key }),
    ...(tls?.servername === undefined ? {} : { servername: tls.servername }),
  };
}

/**
 * How long to wait before the next try to connect. Drawn, so that the acceptors of a cluster do not all come back to a
 * Redis in the same moment.
 * @param failures in a row, from 1. @param random from 0 to 1.
 */
export function reconnectDelay(failures: number, random: number): number {
  const most = Math.min(RECONNECT_MOST_MS, RECONNECT_FIRST_MS * 2 ** Math.min(failures, 10));
  return Math.ceil(most / 2 + (most / 2) * random);
}
