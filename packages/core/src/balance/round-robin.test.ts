import { describe, expect, it } from "vitest";
import { NOBODY_TRIED } from "./eligibility.ts";
import { choose } from "./picker.ts";
import { chiSquare, fairBound, tally, view } from "./test-view.ts";

describe("round-robin", () => {
  it("takes the servers in turn", () => {
    const pool = view("round-robin", [{}, {}, {}]);
    const chosen = [0, 1, 2, 3, 4, 5].map((turn) => choose({ ...pool, turn }, 1, 0, NOBODY_TRIED));
    expect(chosen).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it("gives exact shares by weight in each cycle", () => {
    expect(tally(view("round-robin", [{ weight: 5 }, { weight: 1 }, { weight: 2 }]), 800)).toEqual([
      500, 100, 200,
    ]);
  });

  it("spreads the turns of a missing server over all others, not over its neighbour", () => {
    const pool = view("round-robin", [{}, { ready: false }, {}, {}]);
    const counts = tally(pool, 24_000);
    expect(counts[1]).toBe(0);
    const extra = [0, 2, 3].map((i) => (counts[i] as number) - 6_000);
    expect(chiSquare(extra, [1, 1, 1])).toBeLessThan(fairBound(3));
  });

  it("finds the last eligible server among hundreds, and -1 when it has been tried", () => {
    const servers = Array.from({ length: 300 }, (_, i) => ({ ready: i === 217 }));
    const pool = view("round-robin", servers, { turn: 5 });
    for (let seed = 0; seed < 50; seed++) expect(choose(pool, seed, 0, NOBODY_TRIED)).toBe(217);
    expect(choose(pool, 1, 0, [217])).toBe(-1);
  });

  it("gives a server in its slow start turns by its ramp, and the others an equal part of the rest", () => {
    const counts = tally(view("round-robin", [{}, { weight: 0.25, ramp: 0.25 }, {}, {}]), 26_000);
    expect(chiSquare(counts, [1, 0.25, 1, 1])).toBeLessThan(fairBound(4));
  });

  it("serves everybody while all servers are in their slow start", () => {
    const counts = tally(
      view(
        "round-robin",
        Array.from({ length: 3 }, () => ({ weight: 0.1, ramp: 0.1 })),
      ),
      9_000,
    );
    expect(counts.reduce((a, b) => a + b)).toBe(9_000);
    expect(Math.min(...counts)).toBeGreaterThan(2_700);
  });

  it("gives -1 for a pool without servers", () => {
    expect(choose(view("round-robin", []), 1, 0, NOBODY_TRIED)).toBe(-1);
  });
});
