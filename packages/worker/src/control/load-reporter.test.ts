import type { ServerLoad } from "@shunt/core";
import { expect, test } from "vitest";
import { LoadReporter } from "./load-reporter.ts";

const load = (server: string, outstanding: number): ServerLoad => ({
  server,
  outstanding,
  latencyMs: 0,
  requests: 0,
  failures: 0,
  connections: 0,
  errors: 0,
  ejected: false,
});

test("LoadReporter reports all servers first and then only what changed", () => {
  const reporter = new LoadReporter();
  expect(reporter.next([load("a/1", 0), load("a/2", 0)])).toHaveLength(2);
  expect(reporter.next([load("a/1", 0), load("a/2", 3)])).toEqual([load("a/2", 3)]);
});

test("LoadReporter reports a change of any measure", () => {
  const before = load("a/1", 0);
  const changes: Partial<ServerLoad>[] = [
    { latencyMs: 1 },
    { requests: 1 },
    { failures: 1 },
    { connections: 1 },
    { errors: 1 },
    { announced: 0.5 },
    { ejected: true },
  ];
  for (const change of changes) {
    const reporter = new LoadReporter();
    reporter.next([before]);
    expect(reporter.next([{ ...before, ...change }])).toEqual([{ ...before, ...change }]);
  }
});

test("LoadReporter gives a sign of life in every third report when nothing changes", () => {
  const reporter = new LoadReporter();
  reporter.next([load("a/1", 0)]);
  const reports = Array.from({ length: 6 }, () => reporter.next([load("a/1", 0)]));
  expect(reports).toEqual([undefined, undefined, [], undefined, undefined, []]);
});

test("LoadReporter reports everything again after it was told to forget", () => {
  const reporter = new LoadReporter();
  reporter.next([load("a/1", 2)]);
  reporter.forget();
  expect(reporter.next([load("a/1", 2)])).toEqual([load("a/1", 2)]);
});
