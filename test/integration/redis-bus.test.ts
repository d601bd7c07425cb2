import {
  decodeRegistration,
  encodeAnnouncement,
  encodeRegistration,
  encodeReport,
  type Publication,
  type ResolvedRedis,
} from "@shunt/core";
import { afterAll, beforeAll, beforeEach, expect, describe as group, test } from "vitest";
import { HELLO } from "../../packages/coordinator/src/membership/test-hello.ts";
import { snapshotOf } from "../../packages/worker/src/test-snapshot.ts";
import { AcceptorEnd, CoordinatorEnd, Intruder } from "../support/bus-ends.ts";
import { delay, eventually } from "../support/eventually.ts";
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

group("RedisBus", () => {
  test("is refused by Redis what it publishes under a lease that is not its own any more, and says so", async () => {
    await using other = intruder();
    await other.lead(LEADER);
    await using stale = await CoordinatorEnd.open(redis, LEADER);
    await using acceptor = new AcceptorEnd(redis, "a1");
    await eventually(
      () => acceptor.opened,
      (opened) => opened > 0,
    );
    stale.bus.publish(health("by the leader"));
    await eventually(
      () => reasons(acceptor),
      (told) => told.length === 1,
    );
    await other.lead(NEXT);
    stale.bus.publish(health("by a leader that is none"));
    await eventually(
      () => stale.fenced,
      (fenced) => fenced.includes("2 c2/first"),
    );
    expect(stale.bus.refused).toEqual({ fenced: 1 });
    await using leader = await CoordinatorEnd.open(redis, NEXT);
    leader.bus.publish(health("by the next"));
    await eventually(
      () => reasons(acceptor),
      (told) => told.includes("by the next"),
    );
    expect(reasons(acceptor)).toEqual(["by the leader", "by the next"]);
  });

  test("publishes nothing while it stands by", async () => {
    await using other = intruder();
    await using standby = await CoordinatorEnd.open(redis);
    standby.bus.publish(health("by nobody"));
    expect(standby.bus.refused).toEqual({ not_leading: 1 });
    expect(await other.redis.exists(other.names.publication.health)).toBe(0);
  });

  test("publishes anew what somebody has deleted, cut short or overwritten", async () => {
    await using other = intruder();
    await other.lead(LEADER);
    await using coordinator = await CoordinatorEnd.open(redis, LEADER);
    const key = other.names.publication.health;
    coordinator.bus.publish(health("whole"));
    const whole = await eventually(
      () => other.redis.get(key),
      (value) => value !== null,
    );
    const repaired = async (): Promise<void> => {
      await eventually(
        () => other.redis.get(key).catch(() => ""),
        (value) => value === whole,
      );
    };
    await other.redis.del(key);
    await repaired();
    await other.redis.setrange(key, 3, "x".repeat(1_000));
    await repaired();
    await other.redis.del(key);
    await other.redis.lpush(key, "a list");
    await repaired();
    await other.redis.set(other.names.versions, "no hash");
    await eventually(
      () => other.redis.hget(other.names.versions, "health").catch(() => ""),
      (version) => version === "1.1",
    );
  });

  test("refuses a report that is none, once in the log, and hears the next", async () => {
    await using other = intruder();
    await using coordinator = await CoordinatorEnd.open(redis);
    await using acceptor = new AcceptorEnd(redis, "a1");
    await eventually(
      () => coordinator.of("load").length,
      (count) => count > 0,
    );
    for (const fields of [
      ["format", "1.0", "acceptor", "a1", "life", "x", "number", "1", "message", "garbage"],
      ["format", "2.0", "acceptor", "a1", "life", "x", "number", "1", "message", "{}"],
      ["garbage", "yes"],
    ]) {
      await other.redis.xadd(other.names.reports, "*", ...fields);
    }
    await eventually(
      () => coordinator.bus.refused,
      ({ report }) => report === 3,
    );
    const last = acceptor.load();
    await eventually(
      () => coordinator.of("load").at(-1)?.seq,
      (seq) => seq === last,
    );
    expect(coordinator.lines.filter(({ msg }) => msg === "refused what came over Redis")).toHaveLength(2);
  });

  test("lets an acceptor go whose registration has expired", async () => {
    await using other = intruder();
    await using coordinator = await CoordinatorEnd.open(redis);
    const registration = { acceptor: "a1", life: "l1", host: "h", pid: 1, version: "0" };
    await other.redis.sadd(other.names.acceptors, "a1");
    const held = { term: 0, generation: 0, highestTerm: 0 };
    await other.redis.set(
      other.names.acceptor("a1"),
      encodeRegistration({ ...registration, ...held }),
      "PX",
      2_000,
    );
    await eventually(
      async () => {
        // Until the coordinator reads.
        await other.redis.xadd(
          other.names.reports,
          "*",
          ...encodeReport({ acceptor: "a1", life: "l1", number: 1, message: HELLO }),
        );
        return coordinator.heard.length;
      },
      (count) => count > 0,
    );
    await eventually(
      () => coordinator.gone.length,
      (count) => count === 1,
    );
    expect(await other.redis.smembers(other.names.acceptors)).toEqual([]);
  });
});

group("RedisTransport", () => {
  test("refuses garbage in a key, keeps what it had, says so once, and takes what is good again", async () => {
    await using other = intruder();
    await other.lead(LEADER);
    await using coordinator = await CoordinatorEnd.open(redis, LEADER);
    await using acceptor = new AcceptorEnd(redis, "a1");
    await eventually(
      () => acceptor.opened,
      (opened) => opened > 0,
    );
    coordinator.bus.publish(snapshot(3));
    await eventually(
      () => generations(acceptor),
      (told) => told.length === 1,
    );
    await coordinator.bus.close();
    await other.redis.set(other.names.publication.snapshot, '{"format":"1.0","term":1,"number":4}');
    await other.redis.hset(other.names.versions, "snapshot", "1.4");
    const refusals = (): number =>
      acceptor.lines.filter(({ msg }) => String(msg).startsWith("refused what came over Redis")).length;
    await eventually(refusals, (count) => count === 1);
    const { term, generation, config } = snapshotOf({}, 5);
    await other.redis.publish(
      other.names.hints,
      encodeAnnouncement({
        term,
        number: generation,
        publication: { kind: "snapshot", snapshot: { term, generation: 9, config } },
      }),
    );
    await eventually(refusals, (count) => count === 2);
    expect(acceptor.transport.counters().labelled.acceptors_bus_refused_total).toMatchObject({ hint: 1 });
    await using again = await CoordinatorEnd.open(redis, LEADER);
    again.bus.publish(snapshot(5));
    await eventually(
      () => generations(acceptor),
      (told) => told.length === 2,
    );
    expect(generations(acceptor)).toEqual([3, 5]);
    expect(refusals()).toBe(2);
  });
});

group("a bad day of Redis:", () => {
  test("RedisBus and RedisTransport outlast a pause of two seconds, and nothing has queued", async () => {
    await using other = intruder();
    await other.lead(LEADER);
    await using coordinator = await CoordinatorEnd.open(redis, LEADER);
    await using acceptor = new AcceptorEnd(redis, "a1");
    await eventually(
      () => coordinator.of("load").length,
      (count) => count > 0,
    );
    await server.pause();
    let sent = 0;
    const during = setInterval(() => {
      if (acceptor.load() !== undefined) sent += 1;
      coordinator.bus.publish(health(`during ${sent}`));
    }, 20);
    await delay(2_000);
    clearInterval(during);
    const last = `during ${sent}`;
    await server.unpause();
    expect(sent).toBeLessThan(100);
    await eventually(
      () => reasons(acceptor),
      (told) => told.includes(last),
    );
    // Of a hundred publications those that were in the pipe, and the last.
    expect(reasons(acceptor).length).toBeLessThan(5);
    const said = await eventually(
      () => acceptor.load(),
      (seq) => seq !== undefined,
    );
    await eventually(
      () => coordinator.of("load").at(-1)?.seq,
      (seq) => seq !== undefined && seq >= (said ?? 0),
    );
    for (const lines of [acceptor.lines, coordinator.lines]) {
      expect(lines.filter(({ reason }) => reason === "slow").length).toBeGreaterThan(0);
    }
    expect(acceptor.transport.counters().labelled.acceptors_redis_errors_total).toHaveProperty("slow");
  });

  test("RedisBus and RedisTransport find a Redis again that was killed and came back empty", async () => {
    await using other = intruder();
    await other.lead(LEADER);
    await using coordinator = await CoordinatorEnd.open(redis, LEADER);
    await using acceptor = new AcceptorEnd(redis, "a1");
    coordinator.bus.publish(snapshot(3));
    await eventually(
      () => generations(acceptor),
      (told) => told.length === 1,
    );
    await server.kill();
    await eventually(
      () => acceptor.losses.length,
      (count) => count === 1,
    );
    expect(acceptor.transport.canSend).toBe(false);
    const hellos = coordinator.of("hello").length;
    await server.start();
    await eventually(
      () => coordinator.of("hello").length,
      (count) => count > hellos,
    );
    expect(coordinator.gone).toEqual([]);
    await other.lead(LEADER);
    await eventually(
      () => other.redis.hget(other.names.versions, "snapshot"),
      (version) => version === "1.3",
    );
    await using late = new AcceptorEnd(redis, "a2");
    await eventually(
      () => generations(late),
      (told) => told.join() === "3",
    );
    const told = acceptor.lines.map(({ reason }) => reason).filter((reason) => reason === "unreachable");
    expect(told).toHaveLength(2);
    expect(acceptor.losses).toHaveLength(1);
  });

  test("RedisTransport notices a network that swallows everything, and comes back when it passes again", async () => {
    await using acceptor = new AcceptorEnd(redis, "a1");
    await using coordinator = await CoordinatorEnd.open(redis);
    await eventually(
      () => coordinator.of("load").length,
      (count) => count > 0,
    );
    await server.cut();
    await eventually(
      () => acceptor.losses.length,
      (count) => count === 1,
    );
    await eventually(
      () => acceptor.transport.counters().gauges.acceptors_redis_up,
      (up) => up === 0,
    );
    const opened = acceptor.opened;
    await server.mend();
    await eventually(
      () => acceptor.opened,
      (count) => count > opened,
    );
    const last = await eventually(
      () => acceptor.load(),
      (seq) => seq !== undefined,
    );
    await eventually(
      () => coordinator.of("load").at(-1)?.seq,
      (seq) => seq === last,
    );
  });
});

async function lifeOf(other: Intruder, acceptor: string): Promise<string> {
  return decodeRegistration((await other.redis.get(other.names.acceptor(acceptor))) ?? "").life;
}
