import { type ReportedLoad, SeedSequence } from "@shunt/core";
import { expect, test } from "vitest";
import { type HeardLoad, takeReport } from "./heard-load.ts";
import { RunningTotals } from "./running-totals.ts";

const servers = ["a/1", "a/2", "b/1"];
const NOTHING = new Map<string, number>();
const measures = (announced?: number) => ({
  latencyMs: 0,
  requests: 0,
  failures: 0,
  connections: 0,
  errors: 0,
  ejected: false,
  announced,
});

/** A table that takes reports into `totals`. */
function tableIn(totals: RunningTotals) {
  const loads = new Map<string, HeardLoad>();
  const report = (reported: readonly ReportedLoad[], now = 0) =>
    takeReport(loads, reported, now, (server, before, after) => totals.changed(loads, server, before, after));
  return { loads, report };
}

test("RunningTotals are the sums over the tables that count, whatever was reported and whoever came and went", () => {
  const chance = new SeedSequence(7);
  const totals = new RunningTotals();
  const tables = [tableIn(totals), tableIn(totals), tableIn(totals), tableIn(totals)];
  for (let step = 0; step < 500; step++) {
    const { report } = tables[chance.next() % tables.length] as (typeof tables)[number];
    report([[servers[chance.next() % 3] as string, chance.next() % 5]]);
    const counted = tables.filter(() => chance.next() % 3 > 0).map(({ loads }) => loads);
    totals.count(counted);
    const sums = servers.map((server) =>
      counted.reduce((sum, loads) => sum + (loads.get(server)?.outstanding ?? 0), 0),
    );
    expect(totals.of(servers, NOTHING)).toEqual({ outstanding: sums, announced: {} });
  }
});

test("RunningTotals tell what a server said last, whoever heard it, and what it said when it was asked before that", () => {
  const totals = new RunningTotals();
  const [one, other] = [tableIn(totals), tableIn(totals)];
  totals.count([one.loads, other.loads]);
  one.report([["a/1", 0, measures(0.9)]], 1);
  other.report([["a/1", 0, measures(0.2)]], 2);
  one.report([["a/1", 3]], 3);
  expect(totals.of(servers, NOTHING).announced).toEqual({ 0: 0.2 });
  expect(totals.of(servers, new Map([["a/1", 0.4]])).announced).toEqual({ 0: 0.4 });
  other.report([["a/1", 0, measures()]], 4);
  expect(totals.of(servers, NOTHING).announced).toEqual({});
  one.report([["a/1", 0, measures(0.6)]], 5);
  totals.count([other.loads]);
  expect(totals.of(servers, NOTHING).announced).toEqual({});
});
