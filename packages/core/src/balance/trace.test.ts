import { describe, expect, it } from "vitest";
import { NOBODY_TRIED } from "./eligibility.ts";
import { choose } from "./picker.ts";
import { candidate, view } from "./test-view.ts";
import { ChoiceTrace, TRACED_CANDIDATES } from "./trace.ts";

describe("ChoiceTrace", () => {
  it("keeps the values that were compared, in the order of comparison", () => {
    const trace = new ChoiceTrace();
    trace.compare(3, candidate({ outstanding: 5, reported: 7, latencyMs: 1.5 }), 12);
    expect([trace.candidates[0], trace.scores[0]]).toEqual([3, 12]);
    expect([trace.outstanding[0], trace.reported[0], trace.latenciesMs[0]]).toEqual([5, 7, 1.5]);
  });

  it("counts comparisons beyond those it keeps, and keeps the winner whatever its place", () => {
    const servers = Array.from({ length: 40 }, (_, i) => ({ outstanding: 40 - i }));
    const trace = new ChoiceTrace();
    expect(choose(view("least-load", servers), 1, 0, NOBODY_TRIED, trace)).toBe(39);
    expect(trace.compared).toBe(40);
    expect(trace.kept).toBe(TRACED_CANDIDATES);
    expect(trace.candidates[TRACED_CANDIDATES - 1]).toBe(39);
    expect(trace.scores[TRACED_CANDIDATES - 1]).toBe(1);
  });

  it("forgets the choice before", () => {
    const trace = new ChoiceTrace();
    choose(view("p2c", [{}, {}]), 1, 0, NOBODY_TRIED, trace);
    choose(view("p2c", []), 1, 0, NOBODY_TRIED, trace);
    expect([trace.compared, trace.winner, trace.reason]).toEqual([0, -1, "nobody-eligible"]);
  });

  it("copies into another that later choices leave alone", () => {
    const trace = new ChoiceTrace();
    const remembered = new ChoiceTrace();
    choose(view("p2c", [{}, { outstanding: 4 }]), 1, 0, NOBODY_TRIED, trace);
    remembered.copyFrom(trace);
    choose(view("p2c", []), 1, 0, NOBODY_TRIED, trace);
    expect([remembered.winner, remembered.compared, remembered.reason]).toEqual([0, 2, "lowest-score"]);
    expect([...remembered.outstanding.subarray(0, 2)].sort()).toEqual([0, 4]);
  });
});
