import { parseRedisUrl, type RedisAddress } from "../contract/redis-address.ts";
import { DEFAULT_REDIS_PREFIX } from "./defaults.ts";
import type { Path } from "./mistake.ts";
import type { RedisStateOptions, SecretOptions } from "./options.ts";
import { readPart } from "./read-part.ts";
import type { Reading } from "./reading.ts";
import type { RedisTls, ResolvedRedis, ResolvedState } from "./resolved.ts";
import { embeddedStateSchema, isObject, redisStateSchema, redisTlsSchema } from "./schema.ts";
import { readSecret, warnAboutInlineSecret } from "./secret.ts";

const PATH: Path = ["state"];

/** Where processes meet, and what survives a restart. */
export function resolveState(raw: unknown, reading: Reading): ResolvedState {
  if (isObject(raw) && raw.kind === "redis") return resolveRedis(raw, reading);
  const options = readPart(embeddedStateSchema, raw, PATH, reading.mistakes);
  return { kind: "embedded", path: directory(options?.path, reading) };
}

function directory(path: string | undefined, { context }: Reading): string {
  return path === undefined ? context.statePath : context.absolutePath(path);
}

function resolveRedis(raw: Record<string, unknown>, reading: Reading): ResolvedRedis {
  const options = readPart(redisStateSchema, raw, PATH, reading.mistakes);
  const address = options === undefined ? NOWHERE : resolveAddress(options, reading);
  return {
    kind: "redis",
    path: directory(options?.path, reading),
    prefix: options?.prefix ?? DEFAULT_REDIS_PREFIX,
    ...address,
    tls: raw.tls === undefined ? undefined : resolveTls(raw.tls, address, reading),
  };
}

/** Stands where there is a mistake. */
const NOWHERE: RedisAddress = {
  mode: "standalone",
  nodes: [],
  master: undefined,
  database: 0,
  user: undefined,
  password: undefined,
  secure: false,
};

type Credentials = Pick<RedisStateOptions, "url" | "user" | "password">;

function resolveAddress({ url, user, password }: Credentials, reading: Reading): RedisAddress {
  const place = [...PATH, "url"];
  const text = readSecret(url, place, reading);
  const parsed = text === undefined ? undefined : parseRedisUrl(text);
  if (parsed?.ok === false) reading.mistakes.push({ path: place, problem: `found ${parsed.problem}` });
  const address = parsed?.ok ? parsed.address : NOWHERE;
  if (address.password !== undefined) warnAboutInlineSecret(url, place, reading);
  return {
    ...address,
    user: optional(user, "user", reading) ?? address.user,
    password: optional(password, "password", reading) ?? address.password,
  };
}

function optional(secret: SecretOptions | undefined, key: string, reading: Reading): string | undefined {
  if (secret === undefined) return undefined;
  const path = [...PATH, key];
  if (key === "password") warnAboutInlineSecret(secret, path, reading);
  return readSecret(secret, path, reading);
}

function resolveTls(raw: unknown, { secure, nodes }: RedisAddress, reading: Reading): RedisTls | undefined {
  const path = [...PATH, "tls"];
  const options = readPart(redisTlsSchema, raw, path, reading.mistakes);
  if (options === undefined) return undefined;
  if (!secure && nodes.length > 0) {
    const problem = "the connection is not encrypted, so that there is nothing to which this applies";
    reading.mistakes.push({ path, problem, expected: "rediss:// in state.url" });
  }
  const [given, missing] = options.cert === undefined ? ["key", "cert"] : ["cert", "key"];
  if ((options.cert === undefined) !== (options.key === undefined)) {
    const problem = `there is a ${given} and no ${missing}`;
    reading.mistakes.push({ path, problem, expected: "both, or neither" });
  }
  if (options.key !== undefined) warnAboutInlineSecret(options.key, [...path, "key"], reading);
  const pem = (key: "ca" | "cert" | "key"): string | undefined => {
    const secret = options[key];
    return secret === undefined ? undefined : readSecret(secret, [...path, key], reading);
  };
  return { ca: pem("ca"), cert: pem("cert"), key: pem("key"), servername: options.serverName };
}
