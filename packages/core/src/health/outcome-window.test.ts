import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OutcomeWindow } from "./outcome-window.ts";

const WINDOW_MS = 1_000;
const SLICE_MS = 100;

interface Outcome {
  readonly afterMs: number;
  readonly kind: "ok" | "error" | "brokeOff" | "timedOut";
  readonly latencyMs: number;
}

const outcomes = fc.array(
  fc.record({
    afterMs: fc.nat({ max: 400 }),
    kind: fc.constantFrom<Outcome["kind"][]>("ok", "error", "brokeOff", "timedOut"),
    latencyMs: fc.nat({ max: 1_000 }),
  }),
  { maxLength: 60 },
);

function note(window: OutcomeWindow, { kind, latencyMs }: Outcome, now: number): void {
  if (kind === "brokeOff") window.brokeOff(now, true);
  else if (kind === "timedOut") window.timedOut(now, true);
  else window.answered(now, latencyMs, kind === "error");
}

describe("OutcomeWindow", () => {
  it("counts what happened in the last window, to a slice, and nothing else", () => {
    fc.assert(
      fc.property(outcomes, fc.integer({ min: -10_000, max: 10_000 }), (told, start) => {
        const window = new OutcomeWindow(WINDOW_MS);
        const kept: { readonly at: number; readonly outcome: Outcome }[] = [];
        let now = start;
        for (const outcome of told) {
          now += outcome.afterMs;
          note(window, outcome, now);
          kept.push({ at: now, outcome });
        }
        const slice = Math.floor(now / SLICE_MS);
        const recent = kept
          .filter(({ at }) => Math.floor(at / SLICE_MS) > slice - WINDOW_MS / SLICE_MS)
          .map(({ outcome }) => outcome);
        const count = (...kinds: Outcome["kind"][]): number =>
          recent.filter(({ kind }) => kinds.includes(kind)).length;
        expect(window.requests(now)).toBe(recent.length);
        expect(window.errors(now)).toBe(count("error", "brokeOff"));
        expect(window.timeouts(now)).toBe(count("timedOut"));
        const answers = recent.filter(({ kind }) => kind === "ok" || kind === "error");
        const sum = answers.reduce((total, { latencyMs }) => total + latencyMs, 0);
        expect(window.meanMs(now)).toBeCloseTo(answers.length === 0 ? 0 : sum / answers.length);
      }),
    );
  });

  it("forgets everything within one window without requests", () => {
    const window = new OutcomeWindow(WINDOW_MS);
    for (let i = 0; i < 100; i++) window.answered(i, 5, true);
    expect(window.requests(WINDOW_MS - 1)).toBe(100);
    expect(window.requests(WINDOW_MS + 99)).toBe(0);
    expect(window.meanMs(WINDOW_MS + 99)).toBe(0);
  });

  it("counts a request whose answer broke off once, and its error", () => {
    const window = new OutcomeWindow(WINDOW_MS);
    window.answered(0, 5, false);
    window.brokeOff(1, false);
    window.answered(1, 5, false);
    window.timedOut(2, false);
    expect([window.requests(2), window.errors(2), window.timeouts(2)]).toEqual([2, 1, 1]);
  });

  it("counts into the present when the clock goes back", () => {
    const window = new OutcomeWindow(WINDOW_MS);
    window.answered(5_000, 1, false);
    window.answered(100, 1, true);
    expect([window.requests(100), window.requests(5_000)]).toEqual([2, 2]);
  });

  it("begins anew when it is cleared", () => {
    const window = new OutcomeWindow(WINDOW_MS);
    window.answered(10, 1, true);
    window.clear();
    window.answered(20, 3, false);
    expect([window.requests(20), window.errors(20), window.meanMs(20)]).toEqual([1, 0, 3]);
  });
});
