import {
  decodeRegistration,
  encodeAnnouncement,
  encodeReport,
  type Publication,
  type ResolvedRedis,
} from "@shunt/core";
import { afterAll, beforeAll, beforeEach, expect, describe as group, test } from "vitest";
import { snapshotOf } from "../../packages/worker/src/test-snapshot.ts";
import { AcceptorEnd, CoordinatorEnd, Intruder } from "../support/bus-ends.ts";
import { eventually } from "../support/eventually.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { redisState } from "../support/redis-state.ts";

const LEADER = { holder: "c1/first", term: 1 };
const NEXT = { holder: "c2/first", term: 2 };

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

const intruder = (): Intruder => new Intruder(server.url, redis.prefix);

/** What is easy to tell apart. */
function health(reason: string): Publication {
  return { kind: "health", servers: [{ server: "gold/g1", healthy: false, reason }] };
}

function snapshot(generation: number, term = 1): Publication {
  return { kind: "snapshot", snapshot: { ...snapshotOf({}, generation), term } };
}

const reasons = (end: AcceptorEnd): string[] =>
  end.of("health").map(({ servers }) => servers[0]?.reason ?? "");
const generations = (end: AcceptorEnd): number[] =>
  end.of("snapshot").map(({ snapshot: { generation } }) => generation);

group("RedisBus and RedisTransport", () => {
  test("tell each other of joining, reports in order, and leaving", async () => {
    await using coordinator = await CoordinatorEnd.open(redis);
    const acceptor = new AcceptorEnd(redis, "a1");
    await eventually(
      () => coordinator.of("load").length,
      (count) => count > 0,
    );
    acceptor.load();
    acceptor.load();
    const last = acceptor.load();
    const loads = await eventually(
      () => coordinator.of("load").map(({ seq }) => seq),
      (seqs) => seqs.at(-1) === last,
    );
    expect(loads).toEqual([...loads].sort((a, b) => a - b));
    expect(coordinator.heard[0]?.message).toMatchObject({ kind: "hello", acceptor: "a1" });
    await acceptor.close();
    await eventually(
      () => coordinator.gone.length,
      (count) => count === 1,
    );
    await using other = intruder();
    expect(await other.redis.exists(other.names.acceptor("a1"))).toBe(0);
    expect(await other.redis.smembers(other.names.acceptors)).toEqual([]);
  });

  test("bring what was published to those who are there, and to those who come later", async () => {
    await using other = intruder();
    await other.lead(LEADER);
    await using coordinator = await CoordinatorEnd.open(redis, LEADER);
    await using early = new AcceptorEnd(redis, "a1");
    await eventually(
      () => early.opened,
      (opened) => opened > 0,
    );
    coordinator.bus.publish(snapshot(7));
    coordinator.bus.publish(health("first"));
    await eventually(
      () => [generations(early), reasons(early)].join(),
      (told) => told === "7,first",
    );
    await using late = new AcceptorEnd(redis, "a2");
    await eventually(
      () => [generations(late), reasons(late)].join(),
      (told) => told === "7,first",
    );
  });

  test("bring by key what a lost hint did not, and once what came by both", async () => {
    await using other = intruder();
    await using acceptor = new AcceptorEnd(redis, "a1");
    await eventually(
      () => acceptor.opened,
      (opened) => opened > 0,
    );
    const announcement = encodeAnnouncement({ term: 1, number: 1, publication: health("by key alone") });
    await other.redis.set(other.names.publication.health, announcement);
    await other.redis.hset(other.names.versions, "health", "1.1");
    await eventually(
      () => reasons(acceptor),
      (told) => told.includes("by key alone"),
    );
    await other.redis.publish(other.names.hints, announcement);
    const later = encodeAnnouncement({ term: 1, number: 2, publication: health("by hint") });
    await other.redis.publish(other.names.hints, later);
    await eventually(
      () => reasons(acceptor),
      (told) => told.includes("by hint"),
    );
    expect(reasons(acceptor)).toEqual(["by key alone", "by hint"]);
  });

  test("never hand on what is older than what was handed on", async () => {
    await using other = intruder();
    await using acceptor = new AcceptorEnd(redis, "a1");
    await eventually(
      () => acceptor.opened,
      (opened) => opened > 0,
    );
    const say = async (term: number, number: number): Promise<number> =>
      await other.redis.publish(
        other.names.hints,
        encodeAnnouncement({ term, number, publication: health(`${term}.${number}`) }),
      );
    await eventually(
      async () => await say(2, 1),
      (listeners) => listeners === 1,
    );
    await say(1, 9);
    await say(2, 1);
    await say(3, 1);
    await eventually(
      () => reasons(acceptor),
      (told) => told.includes("3.1"),
    );
    expect(reasons(acceptor)).toEqual(["2.1", "3.1"]);
  });

  test("ask an acceptor to tell all when one of its reports is missing", async () => {
    await using other = intruder();
    await using coordinator = await CoordinatorEnd.open(redis);
    await using acceptor = new AcceptorEnd(redis, "a1");
    await eventually(
      () => coordinator.of("load").length,
      (count) => count > 0,
    );
    const asked = acceptor.of("tell-all").length;
    // As if all before it had been let go while the coordinator slept.
    const message = { kind: "recent", request: 0, exchanges: [] } as const;
    const report = { acceptor: "a1", life: await lifeOf(other, "a1"), number: 1_000, message };
    await other.redis.xadd(other.names.reports, "*", ...encodeReport(report));
    await eventually(
      () => acceptor.of("tell-all").length,
      (count) => count > asked,
    );
  });

  test("have a coordinator that comes later ask all who are registered", async () => {
    await using acceptor = new AcceptorEnd(redis, "a1");
    await eventually(
      () => acceptor.opened,
      (opened) => opened > 0,
    );
    await using coordinator = await CoordinatorEnd.open(redis);
    await eventually(
      () => coordinator.of("hello").length,
      (count) => count > 0,
    );
    await eventually(
      () => coordinator.of("load").length,
      (count) => count > 0,
    );
  });

  test("have an acceptor tell all when another leads", async () => {
    await using other = intruder();
    await other.lead(LEADER);
    await using acceptor = new AcceptorEnd(redis, "a1");
    await eventually(
      () => acceptor.opened,
      (opened) => opened === 1,
    );
    await other.lead(NEXT);
    await eventually(
      () => acceptor.opened,
      (opened) => opened === 2,
    );
  });
});

async function lifeOf(other: Intruder, acceptor: string): Promise<string> {
  return decodeRegistration((await other.redis.get(other.names.acceptor(acceptor))) ?? "").life;
}
