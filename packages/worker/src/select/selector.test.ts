import {
  FAILURE,
  type ResolvedPool,
  type ResolvedServer,
  SeedSequence,
  type ServerHealth,
  type ServerState,
  type Snapshot,
} from "@shunt/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exchangeOf, type OpenClient, TestListener, TestLoop } from "../test-exchange.ts";
import { snapshotOf } from "../test-snapshot.ts";
import type { Attempt } from "../track/attempt.ts";
import { NOBODY_WATCHES } from "./pool-health.ts";
import { Selector } from "./selector.ts";
import { Shares } from "./shares.ts";

const GOLD = "GET / HTTP/1.1\r\nHost: a\r\nCookie: tier=gold\r\n\r\n";
const PLAIN = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

let loop: TestLoop;
let listener: TestListener;
let open: OpenClient;
beforeEach(async () => {
  loop = new TestLoop();
  listener = await TestListener.listen(loop);
  open = await listener.open();
});
afterEach(() => {
  open.client.destroy();
  listener.close();
});

const selectorOf = (snapshot: Snapshot): Selector =>
  new Selector(snapshot, new SeedSequence(1), () => loop.now, new Shares("a1"));

/** The servers of two pools; gold may spill into general. */
function poolsOf(gold: readonly string[], general: readonly string[]): Record<string, unknown> {
  const servers = (names: readonly string[], base: number): Record<string, unknown> =>
    Object.fromEntries(
      names.map((name) => [name, { url: `http://127.0.0.1:${base + Number(name.slice(1))}` }]),
    );
  return { pools: { gold: { servers: servers(gold, 9000) }, general: { servers: servers(general, 9100) } } };
}

async function select(selector: Selector, snapshot: Snapshot, head = PLAIN): Promise<Attempt | undefined> {
  return selector.select(await exchangeOf(open.client, head, snapshot));
}

test("Selector sends each class to its own pool, and counts the load until the ticket is settled, once", async () => {
  const snapshot = snapshotOf();
  const selector = selectorOf(snapshot);
  const attempts = [await select(selector, snapshot, GOLD), await select(selector, snapshot)];
  expect(attempts.map((attempt) => attempt?.backend.pool)).toEqual(["gold", "general"]);
  expect(attempts.map((attempt) => attempt?.backend.outstanding)).toEqual([1, 1]);
  for (const attempt of attempts) {
    attempt?.settle();
    attempt?.settle();
  }
  expect(attempts.map((attempt) => attempt?.backend.outstanding)).toEqual([0, 0]);
  expect(attempts.map((attempt) => attempt?.backend.requests)).toEqual([1, 1]);
});

test("Selector passes over the servers that have failed an exchange, spills, and then finds nobody", async () => {
  const snapshot = snapshotOf(poolsOf(["g1", "g2"], ["s1"]));
  const selector = selectorOf(snapshot);
  const exchange = await exchangeOf(open.client, GOLD, snapshot);
  const names: string[] = [];
  for (let attempt = selector.select(exchange); attempt !== undefined; attempt = selector.select(exchange)) {
    names.push(`${attempt.backend.id}${attempt.spilled ? " spilled" : ""}`);
    attempt.settle();
    selector.exclude(attempt);
  }
  expect(names.toSorted()).toEqual(["general/s1 spilled", "gold/g1", "gold/g2"]);
  expect(names.at(-1)).toBe("general/s1 spilled");
});

test("Selector sends nobody from outside a subset into it when its own pool has no server left", async () => {
  const snapshot = snapshotOf();
  const selector = selectorOf(snapshot);
  const exchange = await exchangeOf(open.client, PLAIN, snapshot);
  const first = selector.select(exchange) as Attempt;
  selector.exclude(first);
  expect(selector.select(exchange)).toBeUndefined();
});

test("Selector keeps a server, its load and its connections through snapshots, and follows its weight and state", async () => {
  const before = snapshotOf(poolsOf(["g1"], ["s1"]), 1);
  const selector = selectorOf(before);
  const attempt = (await select(selector, before)) as Attempt;
  const { config } = before;
  const [gold, general] = config.pools as [ResolvedPool, ResolvedPool];
  const drained = { ...(general.servers[0] as ResolvedServer), weight: 7, state: "drain" } as const;
  const pools = [gold, { ...general, servers: [drained] }];
  const after = { term: 0, generation: 2, config: { ...config, pools } };
  selector.adopt(after);
  const kept = [...selector.backends].find(({ id }) => id === "general/s1");
  expect(kept).toBe(attempt.backend);
  expect([kept?.outstanding, kept?.weight, kept?.ready]).toEqual([1, 7, false]);
  expect(await select(selector, after)).toBeUndefined();
});

test("Selector takes a name at another address for another server", async () => {
  const before = snapshotOf(poolsOf(["g1"], ["s1"]), 1);
  const selector = selectorOf(before);
  const first = (await select(selector, before)) as Attempt;
  const after = snapshotOf({ ...poolsOf(["g1"], []), ...moved() }, 2);
  selector.adopt(after);
  const second = (await select(selector, after)) as Attempt;
  expect(second.backend).not.toBe(first.backend);
  expect([first.backend.port, second.backend.port]).toEqual([9101, 9999]);
  expect([first.backend.outstanding, second.backend.outstanding]).toEqual([1, 1]);
});

function moved(): Record<string, unknown> {
  return {
    pools: {
      gold: { servers: { g1: { url: "http://127.0.0.1:9001" } } },
      general: { servers: { s1: { url: "http://127.0.0.1:9999" } } },
    },
  };
}

test("Selector serves an exchange by the pools that it began with, however many snapshots came since", async () => {
  // The pools change places: an index of the old configuration means another pool in the new one.
  const options = poolsOf(["g1"], ["s1"]).pools as Record<string, unknown>;
  const swapped = { pools: { general: options.general, gold: options.gold } };
  const before = snapshotOf(poolsOf(["g1"], ["s1"]), 1);
  const selector = selectorOf(before);
  const exchange = await exchangeOf(open.client, GOLD, before);
  for (let generation = 2; generation < 30; generation++) selector.adopt(snapshotOf(swapped, generation));
  const attempt = selector.select(exchange) as Attempt;
  expect(attempt.backend.id).toBe("gold/g1");
  selector.exclude(attempt);
  expect(exchange.tried.pool).toEqual([0]);
});

test("Selector forgets a server that was removed once it has answered, and reports it until then", async () => {
  const before = snapshotOf(poolsOf(["g1"], ["s1", "s2"]), 1);
  const selector = selectorOf(before);
  const busy = (await select(selector, before)) as Attempt;
  const other = busy.backend.name === "s1" ? "s3" : "s4";
  selector.adopt(snapshotOf(poolsOf(["g1"], [other]), 2));
  const ids = (): string[] => Array.from(selector.backends, ({ id }) => id).toSorted();
  expect(ids()).toEqual([`general/${other}`, busy.backend.id, "gold/g1"].toSorted());
  busy.settle();
  selector.adopt(snapshotOf(poolsOf(["g1"], [other]), 3));
  expect(ids()).toEqual([`general/${other}`, "gold/g1"]);
});

test("Selector ignores a snapshot older than its latest, and takes one that it meets first in a request", async () => {
  const selector = selectorOf(snapshotOf(poolsOf(["g1"], ["s1"]), 5));
  selector.adopt(snapshotOf(poolsOf(["g1"], ["s9"]), 4));
  expect(Array.from(selector.backends, ({ id }) => id)).not.toContain("general/s9");
  const newer = snapshotOf(poolsOf(["g1"], ["s7"]), 6);
  expect((await select(selector, newer))?.backend.id).toBe("general/s7");
});

test("Selector adds the load that other acceptors report, until a server is unknown", async () => {
  const snapshot = snapshotOf(poolsOf(["g1", "g2"], ["s1"]));
  const selector = selectorOf(snapshot);
  selector.applyLoad(1, [
    { server: "gold/g1", outstanding: 50 },
    { server: "gold/gone", outstanding: 50 },
  ]);
  const names = [];
  for (let i = 0; i < 10; i++) names.push((await select(selector, snapshot, GOLD))?.backend.name);
  expect(new Set(names)).toEqual(new Set(["g2"]));
});

test("Selector remembers what it compared", async () => {
  const snapshot = snapshotOf({ ...poolsOf(["g1", "g2"], ["s1"]), acceptors: 1 });
  const selector = selectorOf(snapshot);
  await select(selector, snapshot, GOLD);
  const attempt = (await select(selector, snapshot, GOLD)) as Attempt;
  expect(attempt.compared).toHaveLength(4);
  const [first, firstScore, second, secondScore] = attempt.compared;
  expect([first, second].toSorted()).toEqual([0, 1]);
  const winner = (firstScore as number) < (secondScore as number) ? first : second;
  expect(attempt.backend.name).toBe(winner === 0 ? "g1" : "g2");
});

test("Selector never ejects the last server that is alive, and lets a tick bring ejected ones back", async () => {
  const snapshot = snapshotOf(poolsOf(["g1", "g2"], ["s1"]));
  const selector = selectorOf(snapshot);
  const [g1, g2, s1] = ["gold/g1", "gold/g2", "general/s1"].map((id) => {
    return [...selector.backends].find((backend) => backend.id === id) as Attempt["backend"];
  }) as [Attempt["backend"], Attempt["backend"], Attempt["backend"]];
  const fail = (backend: Attempt["backend"]): boolean =>
    backend.noteFailure(FAILURE.CONNECTION_REFUSED, loop.now, selector.mayEject(backend));
  expect(Array.from({ length: 5 }, () => fail(g1))).toEqual([false, false, false, false, true]);
  expect(Array.from({ length: 10 }, () => fail(g2))).not.toContain(true);
  expect(Array.from({ length: 10 }, () => fail(s1))).not.toContain(true);
  expect([g1.ready, g2.ready]).toEqual([false, true]);
  expect((await select(selector, snapshot, GOLD))?.backend).toBe(g2);
  loop.now += 60_000;
  selector.refresh();
  expect(g1.ready).toBe(true);
  g1.noteRequest();
  expect(g1.ready).toBe(false);
  g1.noteAnswer(loop.now, 200);
  expect([g1.ready, g1.ejected]).toEqual([true, false]);
});

test("Selector asks the server that holds a client's credentials again, if the class lets it, in drain too", async () => {
  const snapshot = snapshotOf(poolsOf(["g1", "g2", "g3", "g4"], ["s1"]));
  const selector = selectorOf(snapshot);
  const { client } = open;
  const exchange = await exchangeOf(client, GOLD, snapshot);
  const first = selector.select(exchange) as Attempt;
  Object.defineProperty(client.own, "boundTo", { get: () => first.backend });
  const again = [];
  for (let i = 0; i < 8; i++) again.push((await select(selector, snapshot, GOLD))?.backend.id);
  expect(new Set(again)).toEqual(new Set([first.backend.id]));
  expect((await select(selector, snapshot, PLAIN))?.backend.id).toBe("general/s1");
  selector.exclude(first);
  expect(selector.select(exchange)?.backend.id).not.toBe(first.backend.id);
  const { config } = snapshot;
  const stated = (state: ServerState): Snapshot => {
    const pools = config.pools.map((pool) => ({
      ...pool,
      servers: pool.servers.map((each) => (each.name === first.backend.name ? { ...each, state } : each)),
    }));
    return { ...snapshot, generation: state === "drain" ? 2 : 3, config: { ...config, pools } };
  };
  const drained = stated("drain");
  selector.adopt(drained);
  expect((await select(selector, drained, GOLD))?.backend.id).toBe(first.backend.id);
  selector.adopt(stated("maintenance"));
  expect((await select(selector, snapshot, GOLD))?.backend.id).not.toBe(first.backend.id);
});

/** A pool `gold` of so many servers with these health options. */
function goldOf(servers: number, health: unknown, generation = 1): Snapshot {
  const names = Array.from({ length: servers }, (_, i) => `g${i + 1}`);
  const { pools } = poolsOf(names, ["s1"]) as { pools: Record<string, object> };
  return snapshotOf({ pools: { ...pools, gold: { ...pools.gold, health } }, acceptors: 1 }, generation);
}

function backendsOf(selector: Selector, pool = "gold"): Attempt["backend"][] {
  return [...selector.backends].filter((backend) => backend.pool === pool);
}

const readyOf = (selector: Selector): string[] =>
  backendsOf(selector)
    .filter(({ ready }) => ready)
    .map(({ name }) => name);

const ERRORS = { passive: { errorPercent: 50, minRequests: 10 } };

test("Selector ejects servers that answer with errors, a bounded share of the pool and not more", () => {
  const selector = selectorOf(goldOf(10, ERRORS));
  for (const backend of backendsOf(selector)) for (let i = 0; i < 10; i++) backend.noteAnswer(loop.now, 500);
  selector.refresh();
  expect(readyOf(selector)).toHaveLength(7);
  loop.now += 900;
  for (const backend of backendsOf(selector)) for (let i = 0; i < 10; i++) backend.noteAnswer(loop.now, 500);
  selector.refresh();
  expect(readyOf(selector)).toHaveLength(7);
});

test("Selector ejects nobody for errors in a pool that does not ask for it, nor for too few of them", () => {
  for (const health of [{}, { passive: { errorPercent: 50, minRequests: 11 } }]) {
    const selector = selectorOf(goldOf(3, health));
    for (let i = 0; i < 10; i++) backendsOf(selector)[0]?.noteAnswer(loop.now, 500);
    loop.now += 5_000;
    selector.refresh();
    expect(readyOf(selector)).toHaveLength(3);
  }
});

test("Selector ejects the server that is slower than its pool by the factor, and tells why", () => {
  const told: string[] = [];
  const watcher = {
    ...NOBODY_WATCHES,
    ejected: ({ id, health }: Attempt["backend"]) => told.push(`${id}: ${health.ejectedFor}`),
  };
  const snapshot = goldOf(3, { passive: { latencyFactor: 3, minRequests: 10 } });
  const selector = new Selector(snapshot, new SeedSequence(1), () => loop.now, new Shares("a1"), watcher);
  for (const [i, backend] of backendsOf(selector).entries())
    for (let n = 0; n < 10; n++) backend.noteAnswer(loop.now - (i === 1 ? 400 : 100), 200);
  // What began before the server was known says nothing about it.
  selector.refresh();
  expect(told).toEqual([]);
  loop.now += 1_000;
  for (const [i, backend] of backendsOf(selector).entries())
    for (let n = 0; n < 10; n++) backend.noteAnswer(loop.now - (i === 1 ? 400 : 100), 200);
  selector.refresh();
  expect(told).toEqual(["gold/g2: answers take 400 ms, and 100 ms in the median of the pool"]);
  expect(readyOf(selector)).toEqual(["g1", "g3"]);
});

const checked = (...unhealthy: string[]): ServerHealth[] =>
  ["g1", "g2", "g3", "g4"].map((name) => ({
    server: `gold/${name}`,
    healthy: !unhealthy.includes(name),
    reason: "status 503",
  }));

const CHECKS = { active: { tcp: true } };

test("Selector goes by checks where the pool has them, also for servers that it learns of later", () => {
  const selector = selectorOf(goldOf(2, CHECKS));
  selector.applyHealth(checked("g1", "g3"));
  expect(readyOf(selector)).toEqual(["g2"]);
  selector.adopt(goldOf(4, CHECKS, 2));
  expect(readyOf(selector)).toEqual(["g2", "g4"]);
  selector.adopt(goldOf(4, {}, 3));
  expect(readyOf(selector)).toEqual(["g1", "g2", "g3", "g4"]);
});

test("Selector lets every ready server of a pool take requests when too few are available, and says so once", () => {
  const told: unknown[] = [];
  const watcher = { ...NOBODY_WATCHES, panic: (...said: unknown[]) => told.push(said) };
  const snapshot = goldOf(4, { ...CHECKS, panicPercent: 50 });
  const selector = new Selector(snapshot, new SeedSequence(1), () => loop.now, new Shares("a1"), watcher);
  selector.applyHealth(checked("g1", "g2"));
  expect([readyOf(selector), selector.poolsInPanic]).toEqual([["g3", "g4"], 0]);
  selector.applyHealth(checked("g1", "g2", "g3"));
  expect([readyOf(selector), selector.poolsInPanic]).toEqual([["g1", "g2", "g3", "g4"], 1]);
  selector.adopt(goldOf(4, { ...CHECKS, panicPercent: 50 }, 2));
  selector.refresh();
  expect(told).toEqual([["gold", true]]);
  selector.applyHealth(checked("g1"));
  expect([readyOf(selector), selector.poolsInPanic]).toEqual([["g2", "g3", "g4"], 0]);
  expect(told).toEqual([
    ["gold", true],
    ["gold", false],
  ]);
});

test("Selector spills what a pool without available servers cannot take, if that pool never panics", async () => {
  const every = checked("g1", "g2");
  const calm = goldOf(2, { ...CHECKS, panicPercent: 0 });
  const selector = selectorOf(calm);
  selector.applyHealth(every);
  expect((await select(selector, calm, GOLD))?.backend.id).toBe("general/s1");
  const other = goldOf(2, CHECKS);
  const panicking = selectorOf(other);
  panicking.applyHealth(every);
  expect((await select(panicking, other, GOLD))?.backend.pool).toBe("gold");
});

test("Selector reads the clock as often for a choice among many servers as among few", async () => {
  const reads: number[] = [];
  for (const count of [2, 40]) {
    const names = Array.from({ length: count }, (_, i) => `s${i + 1}`);
    const snapshot = snapshotOf(poolsOf(["g1"], names));
    let asked = 0;
    const clock = (): number => {
      asked++;
      return loop.now;
    };
    const selector = new Selector(snapshot, new SeedSequence(1), clock, new Shares("a1"));
    const loads = names.map((name) => ({ server: `general/${name}`, outstanding: 3, announced: 0.5 }));
    selector.applyLoad(4, loads);
    const exchange = await exchangeOf(open.client, PLAIN, snapshot);
    asked = 0;
    expect(selector.select(exchange)?.backend.pool).toBe("general");
    reads.push(asked);
  }
  expect(reads).toEqual([reads[0], reads[0]]);
});

test("Selector sends a server that is probed one request at a time of clients whose credentials it holds", async () => {
  const snapshot = snapshotOf(poolsOf(["g1", "g2"], ["s1"]));
  const selector = selectorOf(snapshot);
  const { client } = open;
  const first = selector.select(await exchangeOf(client, GOLD, snapshot)) as Attempt;
  const { backend } = first;
  Object.defineProperty(client.own, "boundTo", { get: () => backend });
  for (let i = 0; i < 10 && !backend.ejected; i++)
    backend.noteFailure(FAILURE.CONNECTION_REFUSED, loop.now, true);
  loop.now += 120_000;
  selector.refresh();
  const probes: boolean[] = [];
  for (let i = 0; i < 3; i++) probes.push((await select(selector, snapshot, GOLD))?.backend === backend);
  expect(probes).toEqual([true, false, false]);
});
