import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_PASSIVE_HEALTH } from "../config/defaults.ts";
import type { PassiveHealth } from "../config/resolved.ts";
import { OutcomeWindow } from "./outcome-window.ts";
import { looksForOutliers, medianMs, outlierOf, slowAboveMs } from "./outlier.ts";

const policy = (changes: Partial<PassiveHealth>): PassiveHealth => ({
  ...DEFAULT_PASSIVE_HEALTH,
  minRequests: 10,
  ...changes,
});

function windowOf(outcomes: { ok?: number; errors?: number; timeouts?: number; ms?: number }): OutcomeWindow {
  const { ok = 0, errors = 0, timeouts = 0, ms = 1 } = outcomes;
  const window = new OutcomeWindow(10_000);
  for (let i = 0; i < ok; i++) window.answered(0, ms, false);
  for (let i = 0; i < errors; i++) window.answered(0, ms, true);
  for (let i = 0; i < timeouts; i++) window.timedOut(0, true);
  return window;
}

const causeOf = (window: OutcomeWindow, asked: Partial<PassiveHealth>, median = 0): string | undefined =>
  outlierOf(window, median, policy(asked), 0)?.cause;

describe("outlierOf()", () => {
  it("finds nothing in any traffic unless the pool asks for it", () => {
    expect(looksForOutliers(DEFAULT_PASSIVE_HEALTH)).toBe(false);
    const counts = fc.nat({ max: 200 });
    fc.assert(
      fc.property(counts, counts, counts, (ok, errors, timeouts) => {
        expect(causeOf(windowOf({ ok, errors, timeouts, ms: 1e6 }), {}, 1)).toBeUndefined();
      }),
    );
  });

  it("finds errors at the share and not below it", () => {
    expect(causeOf(windowOf({ ok: 15, errors: 5 }), { errorPercent: 25 })).toBe("errors");
    expect(causeOf(windowOf({ ok: 16, errors: 5 }), { errorPercent: 25 })).toBeUndefined();
  });

  it("finds timeouts at the share, and does not take them for errors", () => {
    const window = windowOf({ ok: 5, timeouts: 5 });
    expect(causeOf(window, { timeoutPercent: 50 })).toBe("timeouts");
    expect(causeOf(window, { timeoutPercent: 51 })).toBeUndefined();
    expect(causeOf(window, { errorPercent: 1 })).toBeUndefined();
  });

  it("says nothing of a server with fewer requests than the minimum", () => {
    expect(causeOf(windowOf({ errors: 9 }), { errorPercent: 1 })).toBeUndefined();
    expect(causeOf(windowOf({ errors: 10 }), { errorPercent: 1 })).toBe("errors");
  });

  it("finds a server that takes more than the factor of the pool's median", () => {
    const slow = windowOf({ ok: 10, ms: 301 });
    expect(causeOf(slow, { latencyFactor: 3 }, 100)).toBe("slowness");
    expect(causeOf(windowOf({ ok: 10, ms: 300 }), { latencyFactor: 3 }, 100)).toBeUndefined();
    expect(causeOf(slow, { latencyFactor: 3 }, 0)).toBeUndefined();
  });

  it("does not take chance among fast servers for slowness", () => {
    expect(causeOf(windowOf({ ok: 10, ms: 2 }), { latencyFactor: 3 }, 0.2)).toBeUndefined();
    expect(slowAboveMs(0.2, policy({ latencyFactor: 3 }))).toBeCloseTo(10.2);
  });

  it("gives the reason with its numbers", () => {
    const { reason } = outlierOf(windowOf({ ok: 6, errors: 6 }), 0, policy({ errorPercent: 50 }), 0) ?? {};
    expect(reason).toBe("6 of 12 requests ended in errors");
  });
});

describe("medianMs()", () => {
  const windows = (...means: number[]): OutcomeWindow[] => means.map((ms) => windowOf({ ok: 10, ms }));

  it("is the middle of the means, the lower of two", () => {
    expect(medianMs(windows(9, 1, 5), policy({}), 0)).toBe(5);
    expect(medianMs(windows(9, 1, 5, 7), policy({}), 0)).toBe(5);
    expect(medianMs(windows(80, 20), policy({}), 0)).toBe(20);
  });

  it("is unknown where fewer than two servers had requests enough", () => {
    expect(medianMs([...windows(5), windowOf({ ok: 9, ms: 1 })], policy({}), 0)).toBe(0);
  });

  it("never makes more than half of the servers slow", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1e5 }), { minLength: 2, maxLength: 15 }), (means) => {
        const all = windows(...means);
        const asked = policy({ latencyFactor: 1.1 });
        const median = medianMs(all, asked, 0);
        const slow = all.filter((window) => outlierOf(window, median, asked, 0) !== undefined);
        expect(slow.length).toBeLessThanOrEqual(means.length / 2);
      }),
    );
  });
});
