import { describe, expect, it } from "vitest";
import { decayedLatency, observeLatency } from "./latency.ts";

const TAU = 1_000;

describe("observeLatency()", () => {
  it("takes a peak over at once, however good the past was", () => {
    expect(observeLatency(10, 0, 500, 1, TAU)).toBe(500);
  });

  it("comes down by the time that has passed, not by the number of samples", () => {
    const once = observeLatency(100, 0, 10, 500, TAU);
    const twice = observeLatency(observeLatency(100, 0, 10, 250, TAU), 250, 10, 500, TAU);
    expect(once).toBeCloseTo(10 + 90 * Math.exp(-0.5), 9);
    expect(twice).toBeCloseTo(once, 9);
  });

  it("starts with the first sample", () => {
    expect(observeLatency(0, 0, 42, 99_999, TAU)).toBe(42);
  });

  it("does not move when the clock stands still or goes back", () => {
    expect(observeLatency(100, 500, 10, 500, TAU)).toBe(100);
    expect(observeLatency(100, 500, 10, 400, TAU)).toBe(100);
  });

  it("is never 0, which would mean that nothing was measured", () => {
    expect(observeLatency(0, 0, 0, 0, TAU)).toBeGreaterThan(0);
  });
});

describe("decayedLatency()", () => {
  it("lets a server that is left alone become worth a try again", () => {
    expect(decayedLatency(500, 0, TAU, TAU)).toBeCloseTo(500 / Math.E, 9);
    expect(decayedLatency(500, 0, 20 * TAU, TAU)).toBeLessThan(1);
  });

  it("stays above 0 for ever once something was measured, and 0 before", () => {
    expect(decayedLatency(500, 0, 1e12, TAU)).toBeGreaterThan(0);
    expect(decayedLatency(0, 0, 1e12, TAU)).toBe(0);
  });
});
