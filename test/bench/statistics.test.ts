import { describe, expect, it } from "vitest";
import { pairedRatios, summarize } from "./statistics.ts";

describe("summarize()", () => {
  it("takes the middle of an odd count by value, not by place or by digits", () => {
    expect(summarize([100, 9, 20])).toEqual({ median: 20, least: 9, most: 100 });
  });

  it("takes the mean of the middle two of an even count", () => {
    expect(summarize([4, 1, 3, 10])?.median).toBe(3.5);
  });

  it("has nothing to say about no values", () => {
    expect(summarize([])).toBeUndefined();
  });
});

describe("pairedRatios()", () => {
  it("divides values of the same round", () => {
    expect(pairedRatios([10, 30], [20, 10])).toEqual([0.5, 3]);
  });

  it("leaves out rounds in which a side is missing or the divisor is 0", () => {
    expect(pairedRatios([10, undefined, 30, 40], [undefined, 5, 0, 10])).toEqual([4]);
  });
});
