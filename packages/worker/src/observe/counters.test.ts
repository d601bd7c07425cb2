import { expect, test } from "vitest";
import { Counters } from "./counters.ts";

test("Counters reports what was counted, and what others count", () => {
  const counters = new Counters();
  counters.connectionsAccepted = 3;
  Counters.add(counters.requestsByClass, "gold");
  Counters.add(counters.requestsByClass, "gold");
  Counters.add(counters.failuresByCode, "dns_error");
  for (let i = 0; i < 2; i++) Counters.add(counters.requestsMoved, "late");
  const report = counters.report({ classifier_stuck_total: 4 }, { exchanges: 5 });
  expect(report.counters).toMatchObject({
    connections_accepted_total: 3,
    classifier_stuck_total: 4,
    retries_total: 0,
  });
  expect(Object.keys(report.counters).filter((name) => !name.endsWith("_total"))).toEqual([]);
  expect(report.gauges).toEqual({ exchanges: 5 });
  expect(report.labelled).toEqual({
    connections_refused_total: {},
    ejections_total: {},
    requests_total: { gold: 2 },
    responses_total: {},
    requests_moved_total: { late: 2 },
    requests_refused_total: {},
    failures_total: { dns_error: 1 },
  });
});

test("Counters puts a duration into the first bucket whose bound it does not exceed, the last has none", () => {
  const counters = new Counters();
  const read = (): number[] => {
    const { bounds, counts } = counters.report({}, {}).histograms.request_duration_seconds ?? {
      bounds: [],
      counts: [],
    };
    expect(counts).toHaveLength(bounds.length + 1);
    return [...counts];
  };
  expect(read().every((count) => count === 0)).toBe(true);
  for (const ms of [0, 0.5, 0.6, 1, 60_000, 60_001, 1e9]) counters.observeDuration(ms);
  expect(read()).toEqual([2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
  const { sum } = counters.report({}, {}).histograms.request_duration_seconds ?? { sum: 0 };
  expect(sum).toBeCloseTo(1_000_120.0031, 4);
});

test("Counters reports a moment: what is counted later does not change a report", () => {
  const counters = new Counters();
  const before = counters.report({}, {});
  counters.observeDuration(1);
  Counters.add(counters.requestsByClass, "gold");
  counters.retries++;
  expect(before.labelled.requests_total).toEqual({});
  expect(before.counters.retries_total).toBe(0);
  expect(before.histograms.request_duration_seconds?.counts.every((count) => count === 0)).toBe(true);
});
