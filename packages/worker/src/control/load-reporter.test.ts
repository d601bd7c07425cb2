import type { ServerLoad, ServerMeasures } from "@shunt/core";
import { expect, test } from "vitest";
import { LoadReporter } from "./load-reporter.ts";

const measures = { latencyMs: 0, requests: 0, failures: 0, connections: 0, errors: 0, ejected: false };
const load = (server: string, outstanding: number, changes: Partial<ServerMeasures> = {}): ServerLoad => ({
  server,
  outstanding,
  ...measures,
  ...changes,
});

/** What the reporter says of `after` in each of its next reports, when it has said `before` already. */
function reports(before: ServerLoad, after: ServerLoad, count: number) {
  const reporter = new LoadReporter();
  reporter.next([before]);
  return Array.from({ length: count }, () => reporter.next([after]));
}

test("LoadReporter reports all servers first and then only what is outstanding where it changed", () => {
  const reporter = new LoadReporter();
  expect(reporter.next([load("a/1", 1), load("a/2", 2)])).toEqual([
    ["a/1", 1, measures],
    ["a/2", 2, measures],
  ]);
  expect(reporter.next([load("a/1", 1), load("a/2", 3)])).toEqual([["a/2", 3]]);
});

test("LoadReporter has nothing to say of a server that was never used", () => {
  const reporter = new LoadReporter();
  expect(reporter.next([load("a/1", 0)])).toEqual([]);
  expect(reporter.next([load("a/1", 0, { requests: 1 })])).toEqual([
    ["a/1", 0, { ...measures, requests: 1 }],
  ]);
});

test("LoadReporter reports a change of any measure within ten reports, and once", () => {
  const changes: Partial<ServerMeasures>[] = [
    { requests: 1 },
    { failures: 1 },
    { connections: 1 },
    { errors: 1 },
    { answerMs: 3, answers: [1] },
    { announced: 0.5 },
    { ejected: true },
  ];
  for (const change of changes) {
    const said = reports(load("a/1", 1), load("a/1", 1, change), 20).flatMap((report) => report ?? []);
    expect(said).toEqual([["a/1", 1, { ...measures, ...change }]]);
  }
});

test("LoadReporter reports at once that a server is ejected, and how loaded it says that it is", () => {
  for (const change of [{ ejected: true }, { announced: 0.05 }])
    expect(reports(load("a/1", 0, { announced: 0 }), load("a/1", 0, { announced: 0, ...change }), 1)).toEqual(
      [[["a/1", 0, { ...measures, announced: 0, ...change }]]],
    );
  expect(reports(load("a/1", 0, { announced: 0.5 }), load("a/1", 0, { announced: 0.52 }), 1)).toEqual([
    undefined,
  ]);
});

test("LoadReporter takes it for no news that an average answer time fades", () => {
  const said = reports(load("a/1", 1, { latencyMs: 9 }), load("a/1", 1, { latencyMs: 8 }), 20);
  expect(said.flatMap((report) => report ?? [])).toEqual([]);
});

test("LoadReporter gives a sign of life in every third report when nothing changes", () => {
  expect(reports(load("a/1", 1), load("a/1", 1), 6)).toEqual([
    undefined,
    undefined,
    [],
    undefined,
    undefined,
    [],
  ]);
});

test("LoadReporter reports everything again after it was told to forget", () => {
  const reporter = new LoadReporter();
  reporter.next([load("a/1", 2)]);
  reporter.forget();
  expect(reporter.next([load("a/1", 2)])).toEqual([["a/1", 2, measures]]);
});

test("LoadReporter says once that nothing is outstanding at a server that was removed, and all anew when it is back", () => {
  const reporter = new LoadReporter();
  reporter.next([load("a/1", 1), load("a/2", 2), load("a/3", 0, { requests: 1 })]);
  expect(reporter.next([load("a/1", 1)])).toEqual([["a/2", 0]]);
  expect(reporter.next([load("a/1", 1)])).toBeUndefined();
  expect(reporter.next([load("a/1", 1), load("a/2", 2)])).toEqual([["a/2", 2, measures]]);
});
