import { COUNTS, DEFAULT_LOAD_POLL_MS, UNBOUNDED } from "./defaults.ts";
import { formatPath, type Path, quote } from "./mistake.ts";
import type { AnnouncedLoadOptions, HashOnOptions, PoolOptions } from "./options.ts";
import { readPart } from "./read-part.ts";
import { checkNames, namedEntries, type Reading, readReference } from "./reading.ts";
import { resolveHealth } from "./resolve-health.ts";
import type {
  AnnouncedLoad,
  HashKey,
  ResolvedClass,
  ResolvedLimit,
  ResolvedPool,
  ResolvedServer,
} from "./resolved.ts";
import {
  classSchema,
  isObject,
  loadPollSchema,
  outstandingLimitSchema,
  poolSchema,
  serverSchema,
} from "./schema.ts";
import { parseServerUrl, SERVER_URL_EXPECTED, type ServerAddress } from "./server-url.ts";

/** Where each server address was first named. */
type Addresses = Map<string, Path>;

/**
 * The pools in the order in which they are written. A broken pool stays in its place, as far as it could be read,
 * so that indices hold; the configuration is refused anyway. `identified`: whether users are identified.
 */
export function resolvePools(raw: unknown, identified: boolean, reading: Reading): ResolvedPool[] {
  checkNames(raw, "pool", COUNTS.pools, ["pools"], reading);
  const addresses: Addresses = new Map();
  return namedEntries(raw).map(([name, pool]) => resolvePool(name, pool, addresses, identified, reading));
}

function resolvePool(
  name: string,
  raw: unknown,
  addresses: Addresses,
  identified: boolean,
  reading: Reading,
): ResolvedPool {
  const path: Path = ["pools", name];
  const options = readPart(poolSchema, raw, path, reading.mistakes);
  const fields = isObject(raw) ? raw : {};
  if (options !== undefined) checkHash(options, path, identified, reading);
  if (options !== undefined) checkShare(options, path, reading);
  return {
    name,
    servers: resolveServers(fields.servers, [...path, "servers"], addresses, reading),
    balance: options?.balance ?? "least-load",
    hashOn: options?.hashOn === undefined ? undefined : resolveHashKey(options.hashOn),
    share: options?.share ?? "off",
    proxyProtocol: options?.proxyProtocol ?? "off",
    sharedLoad: options?.sharedLoad ?? true,
    announcedLoad: resolveAnnouncedLoad(options?.announcedLoad, [...path, "announcedLoad"], reading),
    limit: resolveLimit(fields.limit, [...path, "limit"], reading),
    health: resolveHealth(fields.health ?? {}, [...path, "health"], reading),
  };
}

function resolveServers(raw: unknown, path: Path, addresses: Addresses, reading: Reading): ResolvedServer[] {
  checkNames(raw, "server", COUNTS.serversPerPool, path, reading);
  return namedEntries(raw)
    .map(([name, server]) => resolveServer(name, server, [...path, name], addresses, reading))
    .filter((server) => server !== undefined);
}

function resolveServer(
  name: string,
  raw: unknown,
  path: Path,
  addresses: Addresses,
  reading: Reading,
): ResolvedServer | undefined {
  const { mistakes } = reading;
  const options = readPart(serverSchema, raw, path, mistakes);
  const { url, limit: rawLimit } = isObject(raw) ? raw : {};
  const limit = resolveLimit(rawLimit, [...path, "limit"], reading);
  if (typeof url !== "string" || url === "") return undefined;
  const place = [...path, "url"];
  const address = parseServerUrl(url);
  if ("problem" in address) {
    mistakes.push({ path: place, problem: `the address ${address.problem}`, expected: SERVER_URL_EXPECTED });
    return undefined;
  }
  const taken = takeAddress(address, path, addresses);
  if (taken !== undefined) {
    const problem = `the address ${quote(address.authority)} stands at ${formatPath(taken)} already`;
    mistakes.push({ path: place, problem, expected: "an address in one pool only, and once" });
  }
  return { name, ...address, weight: options?.weight ?? 1, state: options?.state ?? "ready", limit };
}

/** Where the address was taken before, if it was. */
function takeAddress({ host, port }: ServerAddress, path: Path, addresses: Addresses): Path | undefined {
  const key = `${host}:${port}`;
  const taken = addresses.get(key);
  if (taken === undefined) addresses.set(key, path);
  return taken;
}

function resolveLimit(raw: unknown, path: Path, { mistakes }: Reading): ResolvedLimit | undefined {
  if (raw === undefined) return undefined;
  const limit = readPart(outstandingLimitSchema, raw, path, mistakes);
  return limit === undefined
    ? undefined
    : { outstanding: limit.outstanding, scope: limit.scope ?? "acceptor" };
}

function resolveAnnouncedLoad(
  said: AnnouncedLoadOptions | undefined,
  path: Path,
  { mistakes }: Reading,
): AnnouncedLoad | undefined {
  if (said === undefined) return undefined;
  if (said === "response") return { from: "response" };
  const options = readPart(loadPollSchema, said, path, mistakes);
  if (options === undefined) return undefined;
  return { from: "poll", path: options.poll, intervalMs: options.intervalMs ?? DEFAULT_LOAD_POLL_MS };
}

type ShareChoice = Pick<PoolOptions, "share" | "proxyProtocol">;

function checkShare({ share, proxyProtocol }: ShareChoice, path: Path, { mistakes }: Reading): void {
  if (share !== "auto" || proxyProtocol === undefined || proxyProtocol === "off") return;
  const problem = `found "auto" with proxyProtocol ${quote(proxyProtocol)}, whose connections serve one client each`;
  mistakes.push({ path: [...path, "share"], problem, expected: '"off", or proxyProtocol: "off"' });
}

type HashChoice = Pick<PoolOptions, "balance" | "hashOn">;

function checkHash(
  { balance, hashOn }: HashChoice,
  path: Path,
  identified: boolean,
  { mistakes }: Reading,
): void {
  if (balance === "hash" && hashOn === undefined) {
    const expected = 'hashOn beside it, as in hashOn: "client"';
    mistakes.push({ path: [...path, "balance"], problem: 'found "hash" without hashOn', expected });
  }
  if (balance !== "hash" && hashOn !== undefined) {
    const problem = `has no effect with balance ${quote(balance ?? "least-load")}`;
    mistakes.push({ path: [...path, "hashOn"], problem, expected: 'balance: "hash" beside it', at: "key" });
  }
  if (hashOn === "user" && !identified) {
    const problem = "nobody is identified, because there is no identity";
    mistakes.push({
      path: [...path, "hashOn"],
      problem,
      expected: "identity to be configured, or another key",
    });
  }
}

function resolveHashKey(options: HashOnOptions): HashKey {
  if (typeof options === "string") return { on: options };
  if ("header" in options) return { on: "header", name: options.header.toLowerCase() };
  return "cookie" in options ? { on: "cookie", name: options.cookie } : { on: "query", name: options.query };
}

/** The classes in the order in which they are written; a broken one stays in its place. */
export function resolveClasses(
  raw: unknown,
  pools: readonly ResolvedPool[],
  reading: Reading,
): ResolvedClass[] {
  checkNames(raw, "class", COUNTS.classes, ["classes"], reading);
  const poolNames = pools.map((pool) => pool.name);
  const classes = namedEntries(raw).map(([name, each]) => resolveClass(name, each, poolNames, reading));
  warnAboutUnusedPools(poolNames, classes, reading);
  return classes;
}

function resolveClass(
  name: string,
  raw: unknown,
  poolNames: readonly string[],
  reading: Reading,
): ResolvedClass {
  const path: Path = ["classes", name];
  const options = readPart(classSchema, raw, path, reading.mistakes);
  if (options === undefined) return { name, pool: -1, spill: -1, bodyBytes: UNBOUNDED };
  const bodyBytes = options.bodyBytes ?? UNBOUNDED;
  const pool = readReference(options.pool, "pool", poolNames, [...path, "pool"], reading);
  if (options.spill === undefined) return { name, pool, spill: -1, bodyBytes };
  if (options.spill === options.pool) {
    const problem = `found ${quote(options.spill)}, which is the pool of the class itself`;
    reading.mistakes.push({ path: [...path, "spill"], problem, expected: "another pool, or no spill" });
    return { name, pool, spill: -1, bodyBytes };
  }
  const spill = readReference(options.spill, "pool", poolNames, [...path, "spill"], reading);
  return { name, pool, spill, bodyBytes };
}

function warnAboutUnusedPools(
  names: readonly string[],
  classes: readonly ResolvedClass[],
  reading: Reading,
): void {
  const used = new Set(classes.flatMap(({ pool, spill }) => [pool, spill]));
  for (const [index, name] of names.entries()) {
    if (used.has(index)) continue;
    reading.warnings.push({ path: ["pools", name], problem: "no class uses this pool" });
  }
}
