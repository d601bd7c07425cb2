import { describe, expect, it } from "vitest";
import { peakEwmaScore, UNMEASURED_SCORE } from "./peak-ewma.ts";
import { candidate, tally, view } from "./test-view.ts";

describe("peakEwmaScore()", () => {
  it("is the answer time times the requests outstanding with this one, per weight", () => {
    expect(peakEwmaScore(candidate({ latencyMs: 12, outstanding: 3, weight: 4 }))).toBe(12);
  });

  it("is the lowest for a server never asked, and the highest for one asked that has not answered", () => {
    expect(peakEwmaScore(candidate({ latencyMs: 0, outstanding: 0 }))).toBe(0);
    const dayLong = candidate({ latencyMs: 86_400_000, outstanding: 9_999 });
    expect(peakEwmaScore(candidate({ latencyMs: 0, outstanding: 1 }))).toBeGreaterThan(UNMEASURED_SCORE);
    expect(peakEwmaScore(dayLong)).toBeLessThan(UNMEASURED_SCORE);
  });

  it("tells two servers apart of which neither has answered", () => {
    const score = (outstanding: number) => peakEwmaScore(candidate({ outstanding }));
    expect(score(1)).toBeLessThan(score(2));
  });
});

describe("peak-ewma", () => {
  it("prefers the fast server until its queue makes it the slower one", () => {
    const fast = { latencyMs: 10 };
    const slow = { latencyMs: 50, outstanding: 0 };
    expect(tally(view("peak-ewma", [{ ...fast, outstanding: 3 }, slow]), 50)).toEqual([50, 0]);
    expect(tally(view("peak-ewma", [{ ...fast, outstanding: 5 }, slow]), 50)).toEqual([0, 50]);
  });

  it("asks a cold server once and leaves it alone until it has answered", () => {
    const warm = { latencyMs: 20, outstanding: 2 };
    expect(tally(view("peak-ewma", [warm, { latencyMs: 0, outstanding: 0 }]), 50)).toEqual([0, 50]);
    expect(tally(view("peak-ewma", [warm, { latencyMs: 0, outstanding: 1 }]), 50)).toEqual([50, 0]);
  });
});
