import { busNames, type Fence, leaseValue, RedisLink } from "@shunt/core";
import { Redis } from "ioredis";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { AuditEntry, StoredConfig } from "../../packages/coordinator/src/change/change.ts";
import { KEPT_CONFIGS, StoreUnavailable } from "../../packages/coordinator/src/change/config-store.ts";
import { ALONE, type Leadership } from "../../packages/coordinator/src/leadership/leadership.ts";
import { RedisStore } from "../../packages/coordinator/src/store/redis-store.ts";
import { testConfig } from "../../packages/coordinator/src/test-config.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { redisState, unwatched } from "../support/redis-state.ts";

const FENCE: Fence = { holder: "a", term: 3 };
let server: TestRedis;
let redis: Redis;
let names: ReturnType<typeof busNames>;
let refused: Fence[];

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url, { maxRetriesPerRequest: 3 });
});

afterAll(async () => {
  redis.disconnect();
  await server[Symbol.asyncDispose]();
});

beforeEach(async () => {
  names = busNames(redisState(server.url).prefix);
  refused = [];
  await redis.set(names.lease, leaseValue(FENCE));
});

const linkOf = (client: Redis) =>
  new RedisLink({ client, name: "test", watch: unwatched(), now: () => performance.now() });

const storeOf = (leads: Partial<Leadership> = { fence: FENCE }): RedisStore =>
  new RedisStore({
    link: linkOf(redis),
    names,
    leadership: { ...ALONE, ...leads, refused: (by) => refused.push(by) },
    log: pino({ level: "silent" }),
  });

function stored(generation: number, changes: Partial<StoredConfig> = {}): StoredConfig {
  const { admin: _, state: __, ...config } = testConfig("/nowhere");
  return {
    term: 3,
    generation,
    config,
    fileHash: "f1",
    by: "ann",
    at: "2026-01-01T00:00:00.000Z",
    summary: `the ${generation}th`,
    ...changes,
  };
}

test("RedisStore keeps configurations, and tells the latest, each one, and all without their content", async () => {
  const store = storeOf();
  expect([await store.latest(), await store.latestVersion(), await store.history(9)]).toEqual([
    undefined,
    undefined,
    [],
  ]);
  expect(await store.append(stored(1), undefined)).toBe(true);
  expect(await store.append(stored(2, { fileHash: "f2" }), stored(1))).toBe(true);
  expect(await store.append(stored(3), stored(2))).toBe(true);
  expect(await store.latest()).toEqual(stored(3));
  expect(await store.latestVersion()).toEqual({ term: 3, generation: 3 });
  expect(await store.at(2)).toEqual(stored(2, { fileHash: "f2" }));
  expect(await store.at(9)).toBeUndefined();
  const { config: _, ...entry } = stored(3);
  expect((await store.history(2)).map(({ generation }) => generation)).toEqual([3, 2]);
  expect((await store.history(1))[0]).toEqual(entry);
  expect(await store.fileHashes()).toEqual(["f1", "f2"]);
});

test("RedisStore.append() changes nothing when another version is the latest", async () => {
  const store = storeOf();
  await store.append(stored(1), undefined);
  expect(await store.append(stored(2), undefined)).toBe(false);
  expect(await store.append(stored(2), { term: 2, generation: 1 })).toBe(false);
  expect(await store.latest()).toEqual(stored(1));
  expect(refused).toEqual([]);
});

test("RedisStore writes nothing for one that does not lead in the eyes of Redis, and tells it so", async () => {
  const late = storeOf({ fence: { holder: "a", term: 2 } });
  expect(await late.append(stored(1), undefined)).toBe(false);
  await expect(late.appendAudit(audited("x"))).rejects.toThrow(StoreUnavailable);
  expect(refused).toEqual([
    { holder: "a", term: 2 },
    { holder: "a", term: 2 },
  ]);
  expect(await storeOf({}).append(stored(1), undefined)).toBe(false);
  expect(await redis.keys(`${names.lease.split(":")[0]}:*`)).toEqual([names.lease]);
});

test("RedisStore forgets the oldest configurations", async () => {
  const store = storeOf();
  let last: StoredConfig | undefined;
  for (let generation = 1; generation <= KEPT_CONFIGS + 2; generation++) {
    const next = stored(generation);
    expect(await store.append(next, last)).toBe(true);
    last = next;
  }
  expect(await store.history(1_000)).toHaveLength(KEPT_CONFIGS);
  expect(await redis.hlen(names.configAt)).toBe(KEPT_CONFIGS);
  expect([await store.at(2), (await store.at(3))?.generation]).toEqual([undefined, 3]);
});

test.each([
  ["a version that is none", async () => await redis.set(names.configLatest, "garbage")],
  ["content that is none", async () => await redis.hset(names.configAt, "1", '{"term":3,"generation":1}')],
  ["content of another term", async () => await redis.set(names.configLatest, "2.1")],
])("RedisStore has no latest where there is %s, and the next takes its place", async (_, damage) => {
  const store = storeOf();
  await store.append(stored(1), undefined);
  await damage();
  expect(await store.latest()).toBeUndefined();
  expect(await store.append(stored(2), undefined)).toBe(true);
  expect(await store.latest()).toEqual(stored(2));
});

function audited(what: string, differences: AuditEntry["differences"] = []): AuditEntry {
  const version = { term: 3, generation: 1 };
  return { at: "now", by: "ann", what, outcome: "changed", before: version, after: version, differences };
}

test("RedisStore keeps the audit log, newest first, and no line longer than it may be", async () => {
  const store = storeOf();
  await store.appendAudit(audited("one", [{ pointer: "/acceptors", before: 1, after: undefined }]));
  const many = Array.from({ length: 1_000 }, (_, at) => ({
    pointer: `/p/${at}`,
    before: "x",
    after: "y".repeat(99),
  }));
  await store.appendAudit(audited("two", many));
  await redis.xadd(names.audit, "*", "entry", "garbage");
  const [two, one] = await store.audit(3);
  expect(one).toEqual(audited("one", [{ pointer: "/acceptors", before: 1, after: undefined }]));
  expect(two?.differences.length).toBeLessThan(200);
  expect(two?.differences.at(-1)?.after).toMatch(/^and \d+ differences more$/);
});

test("RedisStore rejects with StoreUnavailable, in a sentence, when Redis cannot be asked", async () => {
  const away = new Redis(server.url, { lazyConnect: true, enableOfflineQueue: false });
  const store = new RedisStore({
    link: linkOf(away),
    names,
    leadership: ALONE,
    log: pino({ level: "silent" }),
  });
  await expect(store.latest()).rejects.toThrow(StoreUnavailable);
});
