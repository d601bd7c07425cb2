import { once } from "node:events";
import { createServer } from "node:http";
import type { ResolvedRedis, ServerHealth } from "@shunt/core";
import type { PoolOptions, ShuntOptions } from "@shunt/core/config";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { HealthChecker } from "../../packages/coordinator/src/health/checker.ts";
import { snapshotOf } from "../../packages/worker/src/test-snapshot.ts";
import { AcceptorEnd, CoordinatorEnd, Intruder } from "../support/bus-ends.ts";
import { CoordinatorProcess } from "../support/coordinator-process.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/ports.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { redisState } from "../support/redis-state.ts";
import { SampleServer } from "../support/sample-server.ts";

/** What active checks find, told to acceptors and to the next leader through a real Redis. */

const LEADER = { holder: "c1/first", term: 1 };
const NEXT = { holder: "c2/first", term: 2 };
const DOWN: ServerHealth = { server: "gold/g1", healthy: false, reason: "status 503" };

let server: TestRedis;
let redis: ResolvedRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(() => {
  redis = redisState(server.url);
});

const BOTH = "gold/g1 false,gold/g2 true";

/** Each table that it was told. */
function verdictsTo(acceptor: AcceptorEnd): string[] {
  return acceptor.of("health").map(({ servers }) =>
    servers
      .map(({ server: name, healthy }) => `${name} ${healthy}`)
      .sort()
      .join(),
  );
}

function poolsWith(g1: string, g2: string, health: PoolOptions["health"]): ShuntOptions["pools"] {
  return {
    gold: { servers: { g1: { url: g1 }, g2: { url: g2 } }, health },
    general: { servers: { s1: { url: "http://127.0.0.1:1" } } },
  };
}

const isTold = (table: unknown): boolean => Array.isArray(table) && table.length > 0;

test("RedisBus gives a coordinator that stands by what the leader has published last, and no garbage", async () => {
  await using other = new Intruder(server.url, redis.prefix);
  await other.lead(LEADER);
  await using leader = await CoordinatorEnd.open(redis, LEADER);
  await using standby = await CoordinatorEnd.open(redis);
  await eventually(
    () => standby.bus.lastHealth(),
    (table) => table?.length === 0,
  );
  leader.bus.publish({ kind: "health", servers: [DOWN] });
  expect(await eventually(() => standby.bus.lastHealth(), isTold)).toEqual([DOWN]);
  for (const garbage of ["{", '{"term":1,"number":1,"publication":{"kind":"health","servers":[{}]}}']) {
    await other.redis.set(other.names.publication.health, garbage);
    expect(await standby.bus.lastHealth()).toBeUndefined();
  }
  expect(standby.bus.refused).toMatchObject({ health: 2 });
});

test("HealthChecker of the next leader goes on from what the last one has found, and acceptors notice nothing", async () => {
  await using up = await SampleServer.start("g2");
  const url = `http://127.0.0.1:${await freePort()}`;
  const health: PoolOptions["health"] = { active: { tcp: true, intervalMs: 50, timeoutMs: 10_000, fall: 2 } };
  const { config } = snapshotOf({
    pools: poolsWith(url, up.url, health),
  });
  const checkerOf = (end: CoordinatorEnd, known: readonly ServerHealth[]): HealthChecker =>
    new HealthChecker({
      config: () => config,
      publish: (publication) => end.bus.publish(publication),
      known: () => known,
      log: pino({ level: "silent" }),
    });
  await using other = new Intruder(server.url, redis.prefix);
  await other.lead(LEADER);
  await using first = await CoordinatorEnd.open(redis, LEADER);
  await using acceptor = new AcceptorEnd(redis, "a1");
  const verdicts = (): string[] => verdictsTo(acceptor);

  const before = checkerOf(first, []);
  before.start(LEADER.term);
  await eventually(verdicts, (told) => told.at(-1) === BOTH);
  before.stop();

  await other.lead(NEXT);
  await using second = await CoordinatorEnd.open(redis, NEXT);
  const known = await eventually(() => second.bus.lastHealth(), isTold);
  const told = verdicts().length;
  const after = checkerOf(second, known ?? []);
  after.start(NEXT.term);
  try {
    await eventually(
      () => after.counts.failed > 4 && verdicts().length > told,
      (isSo) => isSo,
    );
    expect(new Set(verdicts().slice(told))).toEqual(new Set([BOTH]));
  } finally {
    after.stop();
  }
});

test("active checks go on with the next leader when the one that leads is killed", async () => {
  await using up = await SampleServer.start("g2");
  const port = await freePort();
  const health = { active: { http: { path: "/up" }, intervalMs: 200, timeoutMs: 10_000, rise: 1, fall: 2 } };
  const { pools } = snapshotOf({ pools: poolsWith(`http://127.0.0.1:${port}`, up.url, health) }).config;
  await using one = await CoordinatorProcess.start(redis, { pools });
  await using other = await CoordinatorProcess.start(redis, { pools });
  await using acceptor = new AcceptorEnd(redis, "a1");
  const leads = (): Promise<boolean[]> => Promise.all([one.leads(), other.leads()]);
  const [oneLeads] = await eventually(leads, (each) => each.includes(true));
  const [leader, next] = oneLeads ? [one, other] : [other, one];
  await eventually(
    () => verdictsTo(acceptor),
    (told) => told.at(-1) === BOTH,
  );
  const told = verdictsTo(acceptor).length;
  await leader.end("SIGKILL");
  await eventually(() => next.leads(), Boolean);
  const checks = up.received.length;
  await eventually(
    () => up.received.length - checks,
    (more) => more > 5,
  );
  expect(new Set(verdictsTo(acceptor).slice(told)).difference(new Set([BOTH]))).toEqual(new Set());
  await using back = createServer((_, response) => void response.end()).listen(port, "127.0.0.1");
  await once(back, "listening");
  await eventually(
    () => verdictsTo(acceptor),
    (all) => all.at(-1) === "gold/g1 true,gold/g2 true",
  );
  back.closeAllConnections();
});
