import type { ServerMeasures } from "@shunt/core";
import { expect, test } from "vitest";
import { type HeardLoad, rateAt, takeReport } from "./heard-load.ts";

const measures = (requests: number, changes: Partial<ServerMeasures> = {}): ServerMeasures => ({
  latencyMs: 0,
  requests,
  failures: 0,
  connections: 0,
  errors: 0,
  ejected: false,
  ...changes,
});
const answers = (count: number): number[] => [0, count, 0, 0, 0, 0, 0, 0, 0, 0];

test("takeReport() keeps measures until others come", () => {
  const loads = new Map<string, HeardLoad>();
  takeReport(loads, [["a/1", 2, measures(7)]], 0);
  takeReport(loads, [["a/1", 5]], 100);
  expect(loads.get("a/1")).toMatchObject({ outstanding: 5, requests: 7, measuredAt: 0 });
  takeReport(loads, [["a/2", 1]], 100);
  expect(loads.get("a/2")).toMatchObject({ outstanding: 1, requests: 0, ejected: false });
});

test("takeReport() finds the rate within seconds, however unevenly measures come, and forgets it when none do", () => {
  const loads = new Map<string, HeardLoad>();
  let now = 0;
  for (const ms of [0, 1_000, 100, 1_000, 400, 1_000, 1_000, 1_000]) {
    now += ms;
    takeReport(loads, [["a/1", 0, measures(now / 10)]], now);
  }
  const load = loads.get("a/1") as HeardLoad;
  expect(rateAt(load, now)).toBeGreaterThan(95);
  expect(rateAt(load, now)).toBeLessThanOrEqual(100);
  expect(rateAt(load, now + 10_000)).toBe(0);
});

test("takeReport() takes requests after a long silence for those of the last second", () => {
  const loads = new Map<string, HeardLoad>();
  takeReport(loads, [["a/1", 0, measures(0)]], 0);
  takeReport(loads, [["a/1", 0, measures(110)]], 3_600_000);
  expect(loads.get("a/1")?.rate).toBeCloseTo(100 * (1 - Math.exp(-1.1)), 6);
});

test("takeReport() finds the mean time of the answers between two measures", () => {
  const loads = new Map<string, HeardLoad>();
  takeReport(loads, [["a/1", 0, measures(10, { answers: answers(10), answerMs: 1_000 })]], 0);
  takeReport(loads, [["a/1", 0, measures(14, { answers: answers(14), answerMs: 1_020 })]], 1_000);
  expect(loads.get("a/1")?.averageMs).toBe(5);
});
