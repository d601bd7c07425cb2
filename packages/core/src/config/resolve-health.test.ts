import { expect, test } from "vitest";
import { DEFAULT_HEALTH } from "./defaults.ts";
import { formatMistake, type Mistake } from "./mistake.ts";
import type { Reading } from "./reading.ts";
import { resolveHealth } from "./resolve-health.ts";
import type { ResolvedHealth } from "./resolved.ts";

function read(raw: unknown): { health: ResolvedHealth; mistakes: string[] } {
  const mistakes: Mistake[] = [];
  const reading = { mistakes, warnings: [] } as unknown as Reading;
  const health = resolveHealth(raw, ["health"], reading);
  return { health, mistakes: mistakes.map(formatMistake) };
}

function resolved(raw: unknown): ResolvedHealth {
  const { health, mistakes } = read(raw);
  expect(mistakes).toEqual([]);
  return health;
}

test("resolveHealth() leaves a pool that says nothing as it was before there were health options", () => {
  expect(resolved({})).toEqual(DEFAULT_HEALTH);
  expect(resolved({ active: undefined, passive: undefined })).toEqual(DEFAULT_HEALTH);
  const { failures, errorPercent, timeoutPercent, latencyFactor, baseMs, maxMs } = DEFAULT_HEALTH.passive;
  expect([failures, errorPercent, timeoutPercent, latencyFactor, baseMs, maxMs]).toEqual([
    5, 0, 0, 0, 1_000, 60_000,
  ]);
});

test("resolveHealth() fills in what a check does not say", () => {
  expect(resolved({ active: { http: { path: "/healthz?deep=1" } } }).active).toEqual({
    check: {
      kind: "http",
      method: "GET",
      path: "/healthz?deep=1",
      host: undefined,
      status: [[200, 399]],
      body: undefined,
    },
    port: 0,
    intervalMs: 2_000,
    jitterPercent: 10,
    timeoutMs: 1_000,
    rise: 2,
    fall: 3,
  });
  expect(resolved({ active: { tcp: true, port: 81 } }).active).toMatchObject({
    check: { kind: "tcp" },
    port: 81,
  });
});

test("resolveHealth() lets a check take no longer than its interval where nothing is said of that", () => {
  expect(resolved({ active: { tcp: true, intervalMs: 300 } }).active?.timeoutMs).toBe(300);
  expect(resolved({ active: { tcp: true, intervalMs: 300, timeoutMs: 900 } }).active?.timeoutMs).toBe(900);
});

test.each([
  [204, [[204, 204]]],
  ["200-299", [[200, 299]]],
  [
    [200, "301-302", "401"],
    [
      [200, 200],
      [301, 302],
      [401, 401],
    ],
  ],
])("resolveHealth() reads %j as statuses", (status, ranges) => {
  const { active } = resolved({ active: { http: { path: "/", status } } });
  expect(active?.check).toMatchObject({ status: ranges });
});

test("resolveHealth() keeps the longest ejection from being shorter than the first", () => {
  expect(resolved({ passive: { baseMs: 90_000 } }).passive.maxMs).toBe(90_000);
});

test.each([
  [
    "no way to check",
    { active: { intervalMs: 5 } },
    "health.active: says not how to check; expected one of http",
  ],
  ["two ways", { active: { tcp: true, http: { path: "/" } } }, "health.active: says two ways to check"],
  ["a false way", { active: { tcp: false } }, "health.active.tcp: found false; expected true"],
  ["a path without a slash", { active: { http: { path: "x" } } }, 'health.active.http.path: found "x"'],
  ["a path with a blank", { active: { http: { path: "/a b" } } }, "health.active.http.path"],
  ["a path with a line end", { active: { http: { path: "/\r\nX: y" } } }, "health.active.http.path"],
  [
    "a host with a line end",
    { active: { http: { path: "/", host: "a\r\nX: y" } } },
    "health.active.http.host",
  ],
  [
    "a method that changes things",
    { active: { http: { path: "/", method: "POST" } } },
    '"GET", "HEAD" or "OPTIONS"',
  ],
  ["a status that is none", { active: { http: { path: "/", status: 20 } } }, "a status like 200"],
  ["a range upside down", { active: { http: { path: "/", status: "300-200" } } }, "a status like 200"],
  ["no status", { active: { http: { path: "/", status: [] } } }, "a status like 200"],
  ["content of HEAD", { active: { http: { path: "/", method: "HEAD", body: "ok" } } }, "has no content"],
  ["an interval of nothing", { active: { tcp: true, intervalMs: 0 } }, "an integer in 1..3600000"],
  ["a port of nothing", { active: { tcp: true, port: 0 } }, "an integer in 1..65535"],
  ["a misspelt key", { active: { tcp: true, intervall: 1 } }, 'did you mean "intervalMs"'],
  ["a factor below 1", { passive: { latencyFactor: 0.5 } }, "a number in 1.1..100"],
  ["a share above all", { passive: { errorPercent: 101 } }, "an integer in 1..100"],
  ["a longest below the first", { passive: { baseMs: 10, maxMs: 5 } }, "at least baseMs, which is 10"],
  ["a share of panic below 0", { panicPercent: -1 }, "an integer in 0..100"],
  ["no object", { active: "http" }, "health.active"],
])("resolveHealth() refuses %s", (_, raw, expected) => {
  expect(read(raw).mistakes.join("\n")).toContain(expected);
});
