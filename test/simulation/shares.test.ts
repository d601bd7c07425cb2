import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CALM, type Outcome, play, type WorldOptions } from "./share-world.ts";

const BUSY = (): number => 5;

/** Worlds in which everything that can go wrong does. */
const worlds: fc.Arbitrary<WorldOptions> = fc.record({
  seed: fc.nat(0xffff_ffff),
  acceptors: fc.integer({ min: 1, max: 6 }),
  limit: fc.integer({ min: 1, max: 14 }),
  durationMs: fc.constant(15_000),
  delayMs: fc.constantFrom(5, 150, 900, 3_000),
  lost: fc.constantFrom(0, 0.05, 0.4),
  // Two clocks that differ by so much differ by 4 per cent.
  drift: fc.constantFrom(0, 0.02),
  pauses: fc.constantFrom(0, 0.2, 1),
  pauseMs: fc.constantFrom(300, 2_500, 6_000),
  deaths: fc.constantFrom(0, 0.1),
  leaders: fc.constantFrom(0, 0.1, 0.5),
  leaderlessMs: fc.constantFrom(50, 1_000, 5_000),
  termIsLost: fc.boolean(),
  requestEveryMs: fc.constantFrom(
    BUSY,
    (index: number) => (index === 0 ? 5 : 200),
    (index: number) => 5 + 60 * index,
  ),
  serviceMs: fc.constantFrom(20, 300, 4_000),
});

describe("shares of a limit of the whole cluster", () => {
  test("never let more requests start than the limit, whatever is late, lost, stopped, dead or newly elected", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        expect(play(world).most).toBeLessThanOrEqual(world.limit);
      }),
      { numRuns: 300 },
    );
  });

  test("leave nothing unused where all acceptors are busy, and nobody out", () => {
    const { use, started, most } = play({ ...CALM, acceptors: 6, limit: 10, requestEveryMs: () => 0.5 });
    expect(most).toBe(10);
    expect(use).toBeGreaterThan(9);
    expect(Math.min(...started)).toBeGreaterThan(Math.max(...started) / 3);
  });

  test("move to who is busy, and stay", () => {
    const requestEveryMs = (index: number): number => (index === 0 ? 0.2 : 1_000);
    const { use, moves } = play({ ...CALM, acceptors: 6, limit: 20, requestEveryMs });
    // The others keep one each, and may have had two; of the rest everything is in use.
    expect(use).toBeGreaterThan(10);
    expect(moves).toBeLessThan(10);
  });

  test("do not move while demand is steady", () => {
    const overload = { ...CALM, acceptors: 6, limit: 10, requestEveryMs: () => 2, durationMs: 40_000 };
    expect(play(overload).moves).toBe(0);
    expect(play({ ...overload, limit: 100, requestEveryMs: () => 20 }).moves).toBe(0);
  });

  test("take turns where there are fewer than acceptors, so that nobody waits for ever", () => {
    const outcome: Outcome = play({
      ...CALM,
      acceptors: 6,
      limit: 2,
      durationMs: 60_000,
      requestEveryMs: () => 0.5,
    });
    expect(outcome.most).toBe(2);
    expect(Math.max(...outcome.longestIdleMs)).toBeLessThan(10_000);
    expect(outcome.use).toBeGreaterThan(1.4);
  });

  test("stay in force while leaders follow each other faster than leases end", () => {
    const { longestIdleMs, most } = play({
      ...CALM,
      acceptors: 4,
      limit: 8,
      durationMs: 60_000,
      leaders: 0.2,
      leaderlessMs: 1_000,
    });
    expect(most).toBe(8);
    expect(Math.max(...longestIdleMs)).toBeLessThan(500);
  });

  test("end without a leader, and are back when there is one", () => {
    const { longestIdleMs } = play({
      ...CALM,
      acceptors: 4,
      limit: 8,
      durationMs: 60_000,
      leaders: 0.05,
      leaderlessMs: 10_000,
    });
    expect(Math.max(...longestIdleMs)).toBeGreaterThan(3_000);
    expect(Math.max(...longestIdleMs)).toBeLessThan(10_000 + 3_000);
  });
});
