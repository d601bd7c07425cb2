import { describe, expect, it } from "vitest";
import { backoffMs } from "./backoff.ts";

describe("backoffMs()", () => {
  it("doubles from the base up to the maximum and stays there", () => {
    const policy = { baseMs: 1_000, maxMs: 10_000 };
    expect([1, 2, 3, 4, 5, 6].map((nth) => backoffMs(nth, policy))).toEqual([
      1_000, 2_000, 4_000, 8_000, 10_000, 10_000,
    ]);
  });

  it("is finite after any number of failures", () => {
    expect(backoffMs(1e9, { baseMs: 1, maxMs: 60_000 })).toBe(60_000);
  });
});
