import { busNames, type ResolvedRedis, readVersion } from "@shunt/core";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, expect, describe as group, test } from "vitest";
import { CoordinatorProcess } from "../support/coordinator-process.ts";
import { eventually } from "../support/eventually.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { redisState } from "../support/redis-state.ts";

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
      () => first.get<{ coordinators: { leads: boolean }[] }>("/v1/coordinators"),
      (found) => found.coordinators.length === 2,
    );
    expect(coordinators.filter(({ leads }) => leads)).toHaveLength(1);
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
    await weigh(first, 5);
    await first.end("SIGTERM");
    await leading(second);
    expect(await weightAt(second)).toBe(5);
    expect(await weigh(second, 6)).toMatchObject({ status: 200 });
    expectRising();
  });
});
