import { busNames, type ResolvedRedis, readVersion } from "@shunt/core";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, expect, describe as group, test } from "vitest";
import { CoordinatorProcess } from "../support/coordinator-process.ts";
import { delay, eventually } from "../support/eventually.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { redisState } from "../support/redis-state.ts";
import { TcpGate } from "../support/tcp-gate.ts";

let server: TestRedis;
let direct: Redis;
let ear: Redis;
let state: ResolvedRedis;
let running: CoordinatorProcess[];
/** Every snapshot that was announced, in order: its version, and what it says. */
let announced: { version: string; config: unknown }[];

beforeAll(async () => {
  server = await startRedis();
  direct = new Redis(server.url, { maxRetriesPerRequest: 3 });
});

afterAll(async () => {
  direct.disconnect();
  await server[Symbol.asyncDispose]();
});

beforeEach(async () => {
  state = redisState(server.url);
  running = [];
  announced = [];
  ear = new Redis(server.url);
  await ear.subscribe(names().hints);
  ear.on("message", (_, line: string) => {
    const { publication } = JSON.parse(line);
    if (publication.kind !== "snapshot") return;
    const { term, generation, config } = publication.snapshot;
    announced.push({ version: `${term}.${generation}`, config });
  });
});

afterEach(async () => {
  ear.disconnect();
  for (const coordinator of running) await coordinator[Symbol.asyncDispose]();
});

const names = () => busNames(state.prefix);

async function start(
  changes: Parameters<typeof CoordinatorProcess.start>[1] = {},
  fileHash?: string,
  port?: number,
): Promise<CoordinatorProcess> {
  const nodes = port === undefined ? state.nodes : [{ host: "127.0.0.1", port }];
  const coordinator = await CoordinatorProcess.start({ ...state, nodes }, changes, fileHash);
  running.push(coordinator);
  return coordinator;
}

const leading = (coordinator: CoordinatorProcess) =>
  eventually(
    () => coordinator.leads(),
    (leads) => leads,
  );

interface Config {
  readonly term: number;
  readonly generation: number;
  readonly config: {
    readonly pools: { readonly gold: { readonly servers: { readonly g1: { weight: number } } } };
  };
}

const weightAt = async (coordinator: CoordinatorProcess): Promise<number> =>
  (await coordinator.get<Config>("/v1/config")).config.pools.gold.servers.g1.weight;

const weigh = (coordinator: CoordinatorProcess, weight: number) =>
  coordinator.send("PATCH", "/v1/pools/gold/servers/g1", { weight });

async function weighed(coordinator: CoordinatorProcess, weight: number): Promise<void> {
  expect(await weigh(coordinator, weight)).toMatchObject({ status: 200, body: { outcome: "changed" } });
}

/** The lease lasts longer than a moment ago: the next renewal is as far away as can be. */
async function renewed(): Promise<void> {
  let before = Number.POSITIVE_INFINITY;
  await eventually(
    async () => {
      const lasts = await direct.pttl(names().lease);
      const isRenewed = lasts > before;
      before = lasts;
      return isRenewed;
    },
    (isRenewed) => isRenewed,
  );
}

/** One configuration for each version, and each version above the one before. */
function expectRising(): void {
  const configs = new Map<string, unknown>();
  for (const { version, config } of announced) {
    expect(configs.get(version) ?? config).toEqual(config);
    configs.set(version, config);
  }
  const versions = [...configs.keys()].map((text) => readVersion(text) ?? { term: -1, number: -1 });
  for (const [at, version] of versions.entries()) {
    const before = versions[at - 1] ?? { term: 0, number: 0 };
    expect(
      version.term > before.term || (version.term === before.term && version.number > before.number),
    ).toBe(true);
  }
}

group("Coordinators over Redis", () => {
  test("lead one at a time, change the configuration at any of them, and follow it", async () => {
    const first = await start();
    await leading(first);
    const second = await start();
    expect(await weigh(second, 7)).toMatchObject({ status: 200, body: { outcome: "changed" } });
    expect(await weightAt(second)).toBe(7);
    expect(await weightAt(first)).toBe(7);
    const { coordinators } = await eventually(
      () => first.get<{ coordinators: { id: string; host: string; leads: boolean }[] }>("/v1/coordinators"),
      (found) => found.coordinators.length === 2,
    );
    expect(coordinators.filter(({ leads }) => leads)).toHaveLength(1);
    for (const { id, host } of coordinators) expect([host, id.startsWith("test-")]).toEqual(["test", true]);
    expect([
      await first.metric("shunt_coordinator_leads"),
      await second.metric("shunt_coordinator_leads"),
    ]).toEqual([1, 0]);
    expectRising();
  });

  test("hand over at once when the leader is asked to stop", async () => {
    const first = await start();
    await leading(first);
    const second = await start();
    await weighed(first, 5);
    await first.end("SIGTERM");
    await leading(second);
    expect(await weightAt(second)).toBe(5);
    expect(await weigh(second, 6)).toMatchObject({ status: 200 });
    expectRising();
  });

  test("take over within 3 s from a leader that is killed, and keep what it made", async () => {
    const first = await start();
    await leading(first);
    const second = await start();
    await weighed(first, 9);
    const since = performance.now();
    await first.end("SIGKILL");
    await leading(second);
    expect(performance.now() - since).toBeLessThan(3_000);
    expect(await weightAt(second)).toBe(9);
    expect(await weigh(second, 4)).toMatchObject({ status: 200 });
    expectRising();
  });

  test("take over within 3 s from a leader that is stopped for 10 s, and that leads nothing when it goes on", async () => {
    const first = await start({ log: { level: "info", access: "off" } });
    await leading(first);
    const [second, third] = [await start(), await start()];
    first.child.kill("SIGSTOP");
    const stoppedAt = performance.now();
    const next = await eventually(
      async () => ((await second.leads()) ? second : (await third.leads()) ? third : undefined),
      (found) => found !== undefined,
    );
    expect(performance.now() - stoppedAt).toBeLessThan(3_000);
    if (next === undefined) throw new Error("nobody leads");
    await weighed(next, 8);
    await delay(10_000 - (performance.now() - stoppedAt));
    first.child.kill("SIGCONT");
    await eventually(
      () => first.get<{ leads: boolean; leader: string; generation: number }>("/v1/coordinator"),
      ({ leads, generation }) => !leads && generation === 2,
    );
    expect(first.log).toContain("leading ends");
    expect(await weightAt(first)).toBe(8);
    expect(await weigh(first, 3)).toMatchObject({ status: 200 });
    expect(await next.leads()).toBe(true);
    expect(await next.metric("shunt_coordinator_term")).toBe(2);
    expectRising();
  });

  test("take over within 3 s from a leader whose network is cut, and follow when it is mended", async () => {
    await using gate = await TcpGate.to(Number(new URL(server.url).port));
    const first = await start({}, undefined, gate.port);
    await leading(first);
    const second = await start();
    gate.cut();
    const since = performance.now();
    await leading(second);
    expect(performance.now() - since).toBeLessThan(3_000);
    expect(await weigh(first, 2)).toMatchObject({ status: 503 });
    await weighed(second, 6);
    gate.mend();
    await eventually(
      () => weightAt(first),
      (weight) => weight === 6,
    );
    expectRising();
  });

  test("refuse the writes of one that leads no more, which counts them and stands by", async () => {
    const first = await start();
    // A renewal that comes before the write tells the leader, and no write is refused: then it leads and is asked again.
    for (let term = 2; (await first.metric("shunt_fenced_writes_total")) === 0 && term < 22; term += 2) {
      await leading(first);
      await renewed();
      const another = [names().lease, `${term} another`, "PX", 60_000] as const;
      await direct
        .multi()
        .set(names().term, term)
        .set(...another)
        .exec();
      expect((await weigh(first, 77)).status).toBe(503);
      await eventually(
        () => first.leads(),
        (leads) => !leads,
      );
      await direct.del(names().lease);
    }
    expect(await first.metric("shunt_fenced_writes_total")).toBeGreaterThan(0);
    expect(await direct.hgetall(names().configAt)).not.toHaveProperty("2");
    expectRising();
  });

  test("go on with the last configuration, above all versions, when the store is emptied", async () => {
    const first = await start();
    await leading(first);
    const second = await start();
    await weighed(second, 9);
    await weighed(second, 10);
    const keys = await direct.keys(`{${state.prefix}}:*`);
    await direct.del(...keys);
    await eventually(
      () => direct.get(names().configLatest),
      (latest) => latest === "2.4",
    );
    expect([await weightAt(first), await weightAt(second)]).toContain(10);
    await eventually(
      () => weightAt(second),
      (weight) => weight === 10,
    );
    expect(await weigh(second, 11)).toMatchObject({ status: 200, body: { term: 2, generation: 5 } });
    expectRising();
  });

  test("go on with the last configuration when the store is set back", async () => {
    const first = await start();
    await leading(first);
    const second = await start();
    await weighed(second, 9);
    const kept = new Map<string, Buffer>();
    for (const key of await direct.keys(`{${state.prefix}}:*`)) {
      const octets = await direct.dumpBuffer(key);
      if (octets !== null) kept.set(key, octets);
    }
    await first.end("SIGTERM");
    await leading(second);
    await weighed(second, 10);
    await weighed(second, 11);
    // In one step: coordinators go on writing meanwhile.
    const setBack = direct.multi().del(...(await direct.keys(`{${state.prefix}}:*`)));
    for (const [key, octets] of kept) setBack.restore(key, key === names().lease ? 1_000 : 0, octets);
    await setBack.exec();
    await eventually(
      () => direct.get(names().configLatest),
      (latest) => latest === "3.5",
    );
    expect(await weightAt(second)).toBe(11);
    expectRising();
  });

  test("let a file win that nobody has seen, and not one that was seen before", async () => {
    const first = await start({}, "first-file");
    await leading(first);
    await weighed(first, 5);
    const second = await start({}, "first-file");
    expect(await weightAt(second)).toBe(5);
    const third = await start({}, "second-file");
    await eventually(
      () => weightAt(third),
      (weight) => weight === 1,
    );
    await eventually(
      () => weightAt(first),
      (weight) => weight === 1,
    );
    await weighed(third, 6);
    await start({}, "first-file");
    await delay(1_000);
    expect(await weightAt(first)).toBe(6);
    expectRising();
  });

  test("make no change that was asked for too long ago, whenever it comes", async () => {
    const leader = await start();
    await leading(leader);
    const [seconds] = await direct.time();
    const ask = (weight: number, asked: number | string) => {
      const edit = { kind: "patch-server", pool: "gold", server: "g1", weight };
      const request = JSON.stringify({ edit, dryRun: false, by: "ann" });
      return direct.xadd(names().commands, "*", "id", `c${weight}`, "asked", asked, "request", request);
    };
    await ask(50, (Number(seconds) - 10) * 1_000);
    await ask(51, "whenever");
    await ask(60, Number(seconds) * 1_000);
    await eventually(
      () => leader.get<Config>("/v1/config"),
      ({ generation }) => generation > 1,
    );
    expect([await weightAt(leader), (await leader.get<Config>("/v1/config")).generation]).toEqual([60, 2]);
    expect(await direct.get(names().reply("c50"))).toBeNull();
  });
});
