import { busNames, leaseValue, type ResolvedRedis } from "@shunt/core";
import { Redis } from "ioredis";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, expect, describe as group, test } from "vitest";
import { RedisLeadership } from "../../packages/coordinator/src/leadership/redis-leadership.ts";
import { linkRedis } from "../../packages/coordinator/src/redis/connect-redis.ts";
import { FencedScript } from "../../packages/coordinator/src/redis/fenced.ts";
import { eventually } from "../support/eventually.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { redisState, unwatched } from "../support/redis-state.ts";
import { TcpGate } from "../support/tcp-gate.ts";

let server: TestRedis;
let direct: Redis;
let state: ResolvedRedis;
let candidates: Candidate[];

beforeAll(async () => {
  server = await startRedis();
  direct = new Redis(server.url, { maxRetriesPerRequest: 3 });
});

afterAll(async () => {
  direct.disconnect();
  await server[Symbol.asyncDispose]();
});

beforeEach(() => {
  state = redisState(server.url);
  candidates = [];
});

afterEach(async () => {
  for (const candidate of candidates) await candidate.leave();
});

const names = () => busNames(state.prefix);

/** One that wants to lead, with a connection of its own. */
interface Candidate {
  readonly leadership: RedisLeadership;
  /** Changes of `leads`, in order, with the term. */
  readonly changes: (readonly [leads: boolean, term: number])[];
  readonly said: string[];
  /** The connection alone ends, as when the process is killed. */
  vanish(): void;
  leave(): Promise<void>;
}

interface Wanted {
  readonly known?: number;
  readonly registered?: number;
  /** The way to Redis, where that can be cut. */
  readonly port?: number;
}

async function candidate(id: string, { known = 0, registered = 0, port }: Wanted = {}): Promise<Candidate> {
  const [node] = state.nodes;
  if (node === undefined) throw new Error("Redis is nowhere");
  const link = await linkRedis({ ...state, nodes: [{ ...node, port: port ?? node.port }] }, "test", {
    watch: unwatched(),
    onReady: () => leadership.connected(),
  });
  const changes: [boolean, number][] = [];
  const said: string[] = [];
  const leadership = new RedisLeadership({
    link,
    names: names(),
    id,
    known: () => known,
    registered: async () => registered,
    log: pino({ base: null }, { write: (line: string) => said.push(line) }),
  });
  leadership.onChange((leads) => changes.push([leads, leadership.term]));
  link.open();
  leadership.start();
  const made: Candidate = {
    leadership,
    changes,
    said,
    vanish: () => link.client.disconnect(),
    async leave() {
      await leadership.stop();
      link.close();
    },
  };
  candidates.push(made);
  return made;
}

const leaderAmong = (...those: Candidate[]) =>
  eventually(
    () => those.find(({ leadership }) => leadership.leads),
    (found) => found !== undefined,
  ) as Promise<Candidate>;

group("RedisLeadership", () => {
  test("leads alone, one of three, and all know whom", async () => {
    const all = await Promise.all([candidate("a"), candidate("b"), candidate("c")]);
    const leader = await leaderAmong(...all);
    await eventually(
      () => all.map(({ leadership }) => leadership.leader),
      (seen) => seen.every((id) => id === leader.leadership.leader),
    );
    expect(all.filter(({ leadership }) => leadership.leads)).toHaveLength(1);
    expect(await direct.get(names().lease)).toBe(
      leaseValue(leader.leadership.fence ?? { holder: "", term: 0 }),
    );
  });

  test("hands over at once when it stops, under the next term", async () => {
    const first = await candidate("a");
    await leaderAmong(first);
    const second = await candidate("b");
    await eventually(
      () => second.leadership.leader,
      (leader) => leader === "a",
    );
    await first.leave();
    expect(await direct.exists(names().lease)).toBe(0);
    await leaderAmong(second);
    expect(first.changes).toEqual([
      [true, 1],
      [false, 1],
    ]);
    expect(second.changes).toEqual([[true, 2]]);
    expect(second.leadership.changes).toBe(1);
  });

  test("takes over within 3 s when the leader's connection is gone", async () => {
    const first = await candidate("a");
    await leaderAmong(first);
    const second = await candidate("b");
    await eventually(
      () => second.leadership.leader,
      (leader) => leader === "a",
    );
    const since = performance.now();
    first.vanish();
    await leaderAmong(second);
    expect(performance.now() - since).toBeLessThan(3_000);
  });

  test("stops leading by its own clock before another leads, when nothing passes", async () => {
    await using gate = await TcpGate.to(Number(new URL(server.url).port));
    const first = await candidate("a", { port: gate.port });
    await leaderAmong(first);
    const second = await candidate("b");
    await eventually(
      () => second.leadership.leader,
      (leader) => leader === "a",
    );
    const both: boolean[] = [];
    second.leadership.onChange((leads) => both.push(leads && first.leadership.leads));
    const since = performance.now();
    gate.cut();
    await leaderAmong(second);
    expect(performance.now() - since).toBeLessThan(3_000);
    expect(both).toEqual([false]);
    expect(first.said.join()).toContain("it could not be renewed for 1500 ms");
    gate.mend();
    await eventually(
      () => first.leadership.leader,
      (leader) => leader === "b",
    );
    expect(first.changes.map(([leads]) => leads)).toEqual([true, false]);
  });

  test("begins above the highest term of store, itself and registrations when the store was emptied", async () => {
    const first = await candidate("a", { known: 7, registered: 11 });
    await leaderAmong(first);
    expect(first.leadership.term).toBe(12);
    expect(first.said.join()).toContain("Redis was emptied or set back");
    await direct.del(names().lease, names().term);
    await eventually(
      () => first.changes,
      (changes) => changes.length === 3,
    );
    expect(first.changes).toEqual([
      [true, 12],
      [false, 12],
      [true, 13],
    ]);
    expect(first.said.join()).toContain("the lease is not in Redis any more");
  });

  test("begins above what it has seen when the store is set back by hand", async () => {
    await direct.set(names().term, "41");
    const first = await candidate("a");
    await leaderAmong(first);
    expect(first.leadership.term).toBe(42);
    await direct.mset(names().term, "5", names().lease, "5 somebody");
    await direct.pexpire(names().lease, 1_500);
    await eventually(
      () => first.changes.at(-1),
      (last) => last?.[0] === true && last[1] > 42,
    );
    expect(first.changes.map(([, term]) => term)).toEqual([42, 42, 43]);
    expect(first.said.join()).toContain("somebody holds the lease");
  });

  test.each([
    ["no lease", "garbage"],
    ["a lease that never ends", "3 somebody"],
  ])("takes the place of %s", async (_, value) => {
    await direct.set(names().lease, value);
    const first = await candidate("a");
    await leaderAmong(first);
    expect(first.leadership.term).toBe(1);
  });

  test("writes the highest term again where somebody has removed it", async () => {
    const first = await candidate("a");
    await leaderAmong(first);
    await direct.del(names().term);
    await eventually(
      () => direct.get(names().term),
      (term) => term === "1",
    );
    expect(first.leadership.leads).toBe(true);
  });

  test("stands by when Redis has refused a write of its term, and counts that", async () => {
    const script = new FencedScript("return redis.call('SET', KEYS[2], ARGV[2])");
    const first = await candidate("a");
    await leaderAmong(first);
    const { fence } = first.leadership;
    if (fence === undefined) throw new Error("a does not lead");
    await direct.set(names().lease, leaseValue({ holder: "b", term: 2 }), "PX", 30_000);
    const outcome = await script.run(direct, names().lease, fence, [names().publication.snapshot], ["x"]);
    expect(outcome).toEqual({ done: false, lease: "2 b" });
    first.leadership.refused(fence);
    first.leadership.refused({ ...fence, term: 0 });
    expect([first.leadership.leads, first.leadership.fence]).toEqual([false, undefined]);
    expect(first.leadership.refusals).toBe(2);
  });
});
