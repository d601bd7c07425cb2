import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FIRST_SHARE, slowStartShare } from "./slow-start.ts";

const ms = fc.integer({ min: 0, max: 4_000_000 });

describe("slowStartShare()", () => {
  it("rises in a straight line from a tenth to the whole", () => {
    expect([0, 250, 500, 999].map((age) => slowStartShare(age, 1_000).toFixed(3))).toEqual([
      "0.100",
      "0.325",
      "0.550",
      "0.999",
    ]);
    expect([1_000, 5_000, Number.POSITIVE_INFINITY].map((age) => slowStartShare(age, 1_000))).toEqual([
      1, 1, 1,
    ]);
  });

  it("is the whole at once where there is no slow start", () => {
    fc.assert(
      fc.property(ms, (age) => {
        expect(slowStartShare(age, 0)).toBe(1);
      }),
    );
  });

  it("never falls, and is always a share that gets something", () => {
    fc.assert(
      fc.property(ms, ms, ms, (age, later, slowStartMs) => {
        const share = slowStartShare(age, slowStartMs);
        expect(share).toBeGreaterThanOrEqual(FIRST_SHARE);
        expect(share).toBeLessThanOrEqual(1);
        expect(slowStartShare(age + later, slowStartMs)).toBeGreaterThanOrEqual(share);
      }),
    );
  });

  it("takes a clock that went back for one that stood still", () => {
    expect(slowStartShare(-5, 1_000)).toBe(FIRST_SHARE);
  });
});
