import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { RedisTrouble, ResolvedRedis } from "@shunt/core";
import { afterAll, beforeAll, beforeEach, expect, describe as group, test } from "vitest";
import type { CoordinatorSeen } from "../../packages/coordinator/src/cli/admin/answers.ts";
import { status } from "../../packages/coordinator/src/cli/status.ts";
import { AcceptorEnd, CoordinatorEnd, Intruder } from "../support/bus-ends.ts";
import { CoordinatorProcess } from "../support/coordinator-process.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/ports.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { LocalRedis } from "../support/redis-server.ts";
import { redisState } from "../support/redis-state.ts";
import { TcpGate } from "../support/tcp-gate.ts";

/** Each trouble has a name: once in the log when it begins, once when it is over, and in metrics as often as it was met. */

let server: TestRedis;
let redis: ResolvedRedis;
let other: Intruder;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

beforeEach(() => {
  redis = redisState(server.url);
  other = new Intruder(server.url, redis.prefix);
  return async () => {
    await other.redis.config("SET", "maxmemory", "0");
    await other.redis.config("SET", "maxmemory-policy", "noeviction");
    await other[Symbol.asyncDispose]();
  };
});

interface End {
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

const WARN = 40;
const INFO = 30;

function timesLogged({ lines }: End, trouble: RedisTrouble, level: number): number {
  return lines.filter((line) => line.reason === trouble && line.level === level).length;
}

async function begins(end: End, trouble: RedisTrouble): Promise<void> {
  await eventually(
    () => timesLogged(end, trouble, WARN),
    (times) => times > 0,
  );
}

async function isOver(end: End, trouble: RedisTrouble): Promise<void> {
  await eventually(
    () => timesLogged(end, trouble, INFO),
    (times) => times > 0,
  );
  expect([trouble, timesLogged(end, trouble, WARN), timesLogged(end, trouble, INFO)]).toEqual([
    trouble,
    1,
    1,
  ]);
}

/** It was met more often than it was told. */
async function isMetOften(acceptor: AcceptorEnd, trouble: RedisTrouble): Promise<void> {
  await eventually(
    () => acceptor.transport.counters().labelled.acceptors_redis_errors_total?.[trouble] ?? 0,
    (times) => times > 2,
  );
  expect(acceptor.transport.counters().gauges.acceptors_redis_up).toBe(0);
}

async function bothWork(coordinator: CoordinatorEnd, acceptor: AcceptorEnd): Promise<void> {
  const before = coordinator.of("load").length;
  await eventually(
    () => {
      acceptor.load();
      return coordinator.of("load").length;
    },
    (count) => count > before,
  );
}

group("of RedisBus and RedisTransport", () => {
  test("an absent Redis is unreachable, and they begin when it comes", async () => {
    const port = await freePort();
    const state = redisState(`redis://127.0.0.1:${port}`);
    await using coordinator = await CoordinatorEnd.open(state);
    await using acceptor = new AcceptorEnd(state, "a1");
    await isMetOften(acceptor, "unreachable");
    await begins(coordinator, "unreachable");
    expect([acceptor.losses.length, acceptor.transport.canSend]).toEqual([1, false]);
    await using late = await LocalRedis.start([], port);
    expect(late.url).toBe(`redis://127.0.0.1:${port}`);
    await bothWork(coordinator, acceptor);
    await isOver(acceptor, "unreachable");
    await isOver(coordinator, "unreachable");
  });

  test("a password that is wrong is named, and what it is is not", async () => {
    await other.redis.acl("SETUSER", "shunt", "on", ">right", "~*", "&*", "+@all");
    const url = server.url.replace("redis://", "redis://shunt:wrong@");
    const state = { ...redisState(url), prefix: redis.prefix };
    await using coordinator = await CoordinatorEnd.open(state);
    await using acceptor = new AcceptorEnd(state, "a1");
    await isMetOften(acceptor, "wrong_password");
    await begins(coordinator, "wrong_password");
    await other.redis.acl("SETUSER", "shunt", ">wrong");
    await bothWork(coordinator, acceptor);
    await isOver(acceptor, "wrong_password");
    await isOver(coordinator, "wrong_password");
    expect(JSON.stringify([acceptor.lines, coordinator.lines])).not.toMatch(/:wrong|"wrong"/);
  });

  test("a user without the right to what they need is named", async () => {
    await other.redis.acl("SETUSER", "poor", "on", ">p", "~elsewhere*", "&*", "+@all");
    const state = { ...redisState(server.url.replace("redis://", "redis://poor:p@")), prefix: redis.prefix };
    await using coordinator = await CoordinatorEnd.open(state);
    await using acceptor = new AcceptorEnd(state, "a1");
    await isMetOften(acceptor, "no_permission");
    await begins(coordinator, "no_permission");
    await other.redis.acl("SETUSER", "poor", "~*");
    await bothWork(coordinator, acceptor);
    await isOver(acceptor, "no_permission");
    await isOver(coordinator, "no_permission");
  });

  test("a user with no more than the rights in docs/configuration.md is enough", async () => {
    const rules = rightsFor(redis.prefix);
    await other.redis.acl("SETUSER", "least", "on", ">p", ...rules);
    const state = { ...redisState(server.url.replace("redis://", "redis://least:p@")), prefix: redis.prefix };
    const fence = { holder: "c", term: 1 };
    await other.lead(fence);
    await using coordinator = await CoordinatorEnd.open(state, fence);
    await using acceptor = new AcceptorEnd(state, "a1");
    coordinator.bus.publish({ kind: "health", servers: [] });
    await bothWork(coordinator, acceptor);
    // What a leader asks for besides, and in scripts.
    await using least = new Intruder(server.url.replace("redis://", "redis://least:p@"), redis.prefix);
    expect(await least.redis.eval("return redis.call('TIME')", 0)).toHaveLength(2);
    await expect(least.redis.get("another's")).rejects.toThrow("NOPERM");
    await expect(least.redis.keys("*")).rejects.toThrow("NOPERM");
    await eventually(
      () => acceptor.of("health").length,
      (count) => count === 1,
    );
    for (const end of [coordinator, acceptor]) expect(timesLogged(end, "no_permission", WARN)).toBe(0);
  });

  test("a replica that takes no writes is named, and its successor found when it becomes the primary", async () => {
    await using replica = await LocalRedis.start([]);
    await using direct = new Intruder(replica.url, redis.prefix);
    await direct.redis.call("REPLICAOF", "127.0.0.1", new URL(server.url).port);
    const state = { ...redisState(replica.url), prefix: redis.prefix };
    await using coordinator = await CoordinatorEnd.open(state);
    await using acceptor = new AcceptorEnd(state, "a1");
    await isMetOften(acceptor, "read_only");
    await begins(coordinator, "read_only");
    await direct.redis.call("REPLICAOF", "NO", "ONE");
    await bothWork(coordinator, acceptor);
    await isOver(acceptor, "read_only");
    await isOver(coordinator, "read_only");
  });

  test("a Redis that is full is named, and acceptors stay", async () => {
    const fence = { holder: "c", term: 1 };
    await other.lead(fence);
    await using coordinator = await CoordinatorEnd.open(redis, fence);
    await using acceptor = new AcceptorEnd(redis, "a1");
    await bothWork(coordinator, acceptor);
    await other.redis.config("SET", "maxmemory", "1");
    await isMetOften(acceptor, "full");
    coordinator.bus.publish({ kind: "health", servers: [] });
    await begins(coordinator, "full");
    expect(coordinator.watch.errors.full).toBeGreaterThan(0);
    await other.redis.config("SET", "maxmemory", "0");
    await bothWork(coordinator, acceptor);
    await isOver(acceptor, "full");
    await isOver(coordinator, "full");
    expect(coordinator.gone).toEqual([]);
  });

  test("a Redis that may evict keys is warned of", async () => {
    await other.redis.config("SET", "maxmemory", "1gb");
    await other.redis.config("SET", "maxmemory-policy", "allkeys-lru");
    await using coordinator = await CoordinatorEnd.open(redis);
    await begins(coordinator, "evicting");
    expect(coordinator.watch.errors.evicting).toBe(1);
    expect(coordinator.watch.up).toBe(true);
  });

  test("a key of another type is named", async () => {
    await other.redis.set(other.names.acceptors, "no set");
    await using coordinator = await CoordinatorEnd.open(redis);
    await using acceptor = new AcceptorEnd(redis, "a1");
    await isMetOften(acceptor, "wrong_type");
    await begins(coordinator, "wrong_type");
    await other.redis.del(other.names.acceptors);
    await bothWork(coordinator, acceptor);
    await isOver(acceptor, "wrong_type");
    await isOver(coordinator, "wrong_type");
  });

  test("a network that swallows everything is noticed, and is mended", async () => {
    await using gate = await TcpGate.to(Number(new URL(server.url).port));
    const state = { ...redisState(`redis://127.0.0.1:${gate.port}`), prefix: redis.prefix };
    await using coordinator = await CoordinatorEnd.open(redis);
    await using acceptor = new AcceptorEnd(state, "a1");
    await bothWork(coordinator, acceptor);
    gate.cut();
    await begins(acceptor, "unreachable");
    expect(acceptor.transport.canSend).toBe(false);
    await eventually(
      () => coordinator.gone.length,
      (gone) => gone === 1,
    );
    gate.mend();
    await bothWork(coordinator, acceptor);
    await isOver(acceptor, "unreachable");
  });
});

test("a coordinator without Redis says so, and since when, in its API, to probes and to `shunt status`", async () => {
  const port = await freePort();
  await using coordinator = await CoordinatorProcess.start(redisState(`redis://127.0.0.1:${port}`));
  const before = new Date().toISOString();
  const away = await coordinator.get<CoordinatorSeen>("/v1/coordinator");
  expect(away.redis).toMatchObject({ up: false, troubles: [{ reason: "unreachable" }] });
  const since = away.redis?.troubles[0]?.since ?? "";
  expect(since < before).toBe(true);
  const { detail } = await coordinator.get<{ detail: string }>("/readyz");
  expect(detail).toBe("Not ready: Redis is away, so that nobody knows which acceptors accept");
  let shown = "";
  const stdout = { write: (text: string) => (shown += text) };
  expect(await status(["--admin", coordinator.url], { stdout, stderr: stdout })).toBe(1);
  expect(shown).toContain(`redis        away: no change can be made, acceptors serve on
             unreachable since ${since}: Redis cannot be reached
`);
  await using late = await LocalRedis.start([], port);
  expect(late.url).toContain(String(port));
  const back = await eventually(
    () => coordinator.get<CoordinatorSeen>("/v1/coordinator"),
    ({ redis: seen, leads }) => seen?.up === true && leads,
  );
  expect(back.redis?.troubles).toEqual([]);
});

/** As the page has them. */
function rightsFor(prefix: string): string[] {
  const page = readFileSync(join(import.meta.dirname, "../../docs/configuration.md"), "utf8");
  const rights = /^~\{shunt\}:\* .+$/m.exec(page)?.[0] ?? "";
  return rights.replaceAll("shunt", prefix).split(" ");
}
