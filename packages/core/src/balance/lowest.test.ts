import { describe, expect, it } from "vitest";
import { draw } from "../random.ts";
import { NOBODY_TRIED } from "./eligibility.ts";
import { lowerOfTwo, lowestOfAll } from "./lowest.ts";
import { chiSquare, fairBound, view } from "./test-view.ts";
import { ChoiceTrace } from "./trace.ts";
import type { Candidate } from "./view.ts";

const equal = () => 1;
const byOutstanding = (candidate: Candidate) => candidate.outstanding;

describe("lowestOfAll()", () => {
  it("finds the lowest wherever it stands", () => {
    for (let at = 0; at < 5; at++) {
      const pool = view(
        "least-load",
        [0, 1, 2, 3, 4].map((i) => ({ outstanding: i === at ? 2 : 3 + i })),
      );
      expect(lowestOfAll(pool, draw(1, at), NOBODY_TRIED, byOutstanding, undefined)).toBe(at);
    }
  });

  it("breaks ties in proportion to weight and not by order", () => {
    const pool = view("least-load", [{ weight: 1 }, { weight: 4 }, { weight: 2 }, { weight: 1 }]);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 20_000; i++) {
      const chosen = lowestOfAll(pool, draw(3, i), NOBODY_TRIED, equal, undefined);
      counts[chosen] = (counts[chosen] as number) + 1;
    }
    expect(chiSquare(counts, [1, 4, 2, 1])).toBeLessThan(fairBound(4));
  });

  it("leaves a tie behind when a lower score follows", () => {
    const pool = view("least-load", [{ outstanding: 1 }, { outstanding: 1 }, { outstanding: 0 }]);
    const trace = new ChoiceTrace();
    expect(lowestOfAll(pool, 9, NOBODY_TRIED, byOutstanding, trace)).toBe(2);
    expect(trace.reason).toBe("lowest-score");
  });
});

describe("lowerOfTwo()", () => {
  it("draws every ordered pair of distinct servers equally often", () => {
    const pool = view("p2c", [{}, {}, {}, {}]);
    const trace = new ChoiceTrace();
    const pairs = new Array<number>(16).fill(0);
    for (let i = 0; i < 24_000; i++) {
      trace.reset();
      lowerOfTwo(pool, draw(11, i), NOBODY_TRIED, equal, trace);
      const pair = (trace.candidates[0] as number) * 4 + (trace.candidates[1] as number);
      pairs[pair] = (pairs[pair] as number) + 1;
    }
    expect([0, 5, 10, 15].map((same) => pairs[same])).toEqual([0, 0, 0, 0]);
    const distinct = pairs.filter((_, pair) => pair % 5 !== 0);
    expect(
      chiSquare(
        distinct,
        distinct.map(() => 1),
      ),
    ).toBeLessThan(fairBound(12));
  });

  it("never chooses the worst of the eligible while there are two", () => {
    const pool = view("p2c", [{ outstanding: 1 }, { outstanding: 9 }, { outstanding: 2 }]);
    for (let i = 0; i < 2_000; i++) {
      expect(lowerOfTwo(pool, draw(5, i), NOBODY_TRIED, byOutstanding, undefined)).not.toBe(1);
    }
  });

  it("draws in proportion to weight", () => {
    const pool = view("p2c", [{ weight: 0.5 }, { weight: 3 }, { weight: 1.5 }]);
    const counts = [0, 0, 0];
    for (let i = 0; i < 20_000; i++) {
      const chosen = lowerOfTwo(pool, draw(7, i), NOBODY_TRIED, equal, undefined);
      counts[chosen] = (counts[chosen] as number) + 1;
    }
    expect(chiSquare(counts, [0.5, 3, 1.5])).toBeLessThan(fairBound(3));
  });

  it("takes the only one without a contest, and -1 when there is none", () => {
    const pool = view("p2c", [{ ready: false }, { outstanding: 500 }, {}]);
    const trace = new ChoiceTrace();
    expect(lowerOfTwo(pool, 1, [2], byOutstanding, trace)).toBe(1);
    expect(trace.reason).toBe("only-one-eligible");
    expect(lowerOfTwo(pool, 1, [1, 2], byOutstanding, undefined)).toBe(-1);
  });
});
