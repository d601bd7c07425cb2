import type { CheckResult, DataPlaneConfig, ServerHealth } from "@shunt/core";
import { DEFAULT_HEALTH, FIXED } from "@shunt/core";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { testConfig } from "../test-config.ts";
import type { CheckedServer } from "./check.ts";
import { HealthChecker } from "./checker.ts";

const ACTIVE = {
  check: { kind: "tcp" },
  port: 0,
  intervalMs: 1_000,
  jitterPercent: 0,
  timeoutMs: 100,
  rise: 2,
  fall: 3,
} as const;

/** Servers by port that fail, and all checks that were made, in their order. */
let failing: Set<number>;
let checked: number[];
let published: (readonly ServerHealth[])[];
let config: DataPlaneConfig;
let known: readonly ServerHealth[];
let checker: HealthChecker;

beforeEach(() => {
  vi.useFakeTimers();
  failing = new Set();
  checked = [];
  published = [];
  known = [];
  config = configOf([9001, 9002]);
  checker = newChecker();
});
afterEach(() => {
  checker.stop();
  vi.useRealTimers();
});

function configOf(
  ports: readonly number[],
  changes: object = {},
  active: object | null = ACTIVE,
): DataPlaneConfig {
  const { pools, ...rest } = testConfig("/nowhere");
  const [gold] = pools;
  if (gold === undefined) throw new Error("there is no pool");
  const servers = ports.map((port) => ({
    name: `s${port}`,
    host: "127.0.0.1",
    port,
    authority: `127.0.0.1:${port}`,
    weight: 1,
    state: "ready" as const,
    ...changes,
  }));
  const health = { ...DEFAULT_HEALTH, active: active ?? undefined } as typeof DEFAULT_HEALTH;
  return { ...rest, pools: [{ ...gold, servers, health }] };
}

function newChecker(check = checkOf): HealthChecker {
  return new HealthChecker({
    config: () => config,
    publish: ({ servers }) => published.push(servers),
    known: () => known,
    log: pino({ level: "silent" }),
    check,
    random: () => 0.5,
  });
}

async function checkOf({ port }: CheckedServer): Promise<CheckResult> {
  checked.push(port);
  return failing.has(port)
    ? { passed: false, found: "connection refused" }
    : { passed: true, found: "status 200" };
}

const health = (port: number, healthy: boolean, reason: string): ServerHealth => ({
  server: `gold/s${port}`,
  healthy,
  reason,
});
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
/** `s9001 up s9002 down` of the last publication. */
const last = (): string =>
  (published.at(-1) ?? [])
    .map(({ server, healthy }) => `${server.slice(5)} ${healthy ? "up" : "down"}`)
    .join(" ");

test("HealthChecker checks each server once in an interval, and tells what it found as soon as it knows", async () => {
  checker.start(1);
  expect(published).toEqual([[]]);
  await pass(520);
  expect([checked, last()]).toEqual([[9001, 9002], "s9001 up s9002 up"]);
  await pass(3_000);
  expect(checked).toHaveLength(8);
  expect(published).toHaveLength(2);
});

test("HealthChecker tells a change after as many checks in a row as are asked for, with the reason", async () => {
  checker.start(1);
  await pass(520);
  failing.add(9001);
  await pass(2_000);
  expect(last()).toBe("s9001 up s9002 up");
  await pass(1_000);
  expect(published.at(-1)).toContainEqual(
    health(9001, false, "3 checks in a row failed: connection refused"),
  );
  failing.clear();
  await pass(1_000);
  expect(last()).toBe("s9001 down s9002 up");
  await pass(1_000);
  expect(last()).toBe("s9001 up s9002 up");
  expect(checker.counts).toEqual({ passed: 9, failed: 3 });
});

test("HealthChecker begins with the table of the last leader: a change of leader flips nothing", async () => {
  known = [
    health(9001, false, "3 checks in a row failed: status 503"),
    health(9002, true, "not checked yet"),
  ];
  failing.add(9001);
  checker.start(2);
  expect(published).toEqual([known]);
  await pass(10_000);
  expect(published).toHaveLength(1);
});

test("HealthChecker that knows nothing of a server says nothing of it before it has found something", async () => {
  failing.add(9001);
  checker.start(1);
  await pass(2_000);
  expect(last()).toBe("s9002 up");
  await pass(1_000);
  expect(last()).toBe("s9001 down s9002 up");
});

test("HealthChecker takes up a server that is added at once, and its first check decides", async () => {
  checker.start(1);
  await pass(520);
  failing.add(9003);
  config = configOf([9001, 9002, 9003, 9004]);
  await pass(130);
  expect(checked.slice(2)).toEqual([9003, 9004]);
  expect(last()).toBe("s9001 up s9002 up s9003 down s9004 up");
});

test("HealthChecker forgets servers that are removed, in maintenance, or not to be checked any more", async () => {
  checker.start(1);
  await pass(520);
  config = configOf([9002]);
  await pass(130);
  expect(last()).toBe("s9002 up");
  config = configOf([9002], { state: "maintenance" });
  await pass(130);
  expect(last()).toBe("");
  config = configOf([9002], { state: "drain" });
  await pass(130);
  expect(last()).toBe("s9002 up");
  config = configOf([9002], {}, null);
  const before = checked.length;
  await pass(5_000);
  expect([last(), checked.length]).toEqual(["", before]);
});

test("HealthChecker checks by new options at once, and keeps what it knows of the same server", async () => {
  failing.add(9001);
  checker.start(1);
  await pass(2_600);
  expect(last()).toBe("s9001 down s9002 up");
  config = configOf([9001, 9002], {}, { ...ACTIVE, intervalMs: 100, rise: 3 });
  failing.clear();
  await pass(130);
  expect(last()).toBe("s9001 down s9002 up");
  await pass(300);
  expect(last()).toBe("s9001 up s9002 up");
});

test("HealthChecker takes a name at another address for a server of which nobody knows anything", async () => {
  failing.add(9001);
  checker.start(1);
  await pass(2_600);
  config = configOf([9002], { name: "s9001" });
  await pass(130);
  expect(last()).toBe("s9001 up");
});

test("HealthChecker makes no more checks at a time than the bound, and all of them in the end", async () => {
  let running = 0;
  let most = 0;
  config = configOf(Array.from({ length: 600 }, (_, i) => 10_000 + i));
  checker = newChecker(async (server) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 50));
    running--;
    return checkOf(server);
  });
  checker.start(1);
  await pass(900);
  expect([most, checked.length]).toEqual([FIXED.checksAtOnce, 600]);
});

test("HealthChecker that stops checks nothing, tells nothing, and takes no result that comes late", async () => {
  let answer: (result: CheckResult) => void = () => {};
  checker = newChecker(() => new Promise((resolve) => (answer = resolve)));
  checker.start(1);
  await pass(520);
  checker.stop();
  answer({ passed: true, found: "status 200" });
  await pass(10_000);
  expect([published, checker.counts]).toEqual([[[]], { passed: 0, failed: 0 }]);
  checker.start(3);
  await pass(0);
  expect(published).toEqual([[], []]);
});
