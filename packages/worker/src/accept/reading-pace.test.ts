import { FIXED } from "@shunt/core";
import { beforeEach, describe, expect, test } from "vitest";
import { ReadingPace } from "./reading-pace.ts";

let pace: ReadingPace;
beforeEach(() => {
  pace = new ReadingPace();
});

describe("stalled()", () => {
  test("is true of who takes nothing of what waited, and not of who has taken a part of it", () => {
    expect(pace.stalled({ pushed: 100, taken: 10 })).toBe(false);
    expect(pace.stalled({ pushed: 300, taken: 11 })).toBe(false);
    expect(pace.stalled({ pushed: 300, taken: 11 })).toBe(true);
  });

  test("is false of octets that came behind those that were taken, however much waits", () => {
    expect(pace.stalled({ pushed: 100, taken: 100 })).toBe(false);
    expect(pace.stalled({ pushed: 200, taken: 100 })).toBe(false);
    expect(pace.stalled({ pushed: 200, taken: 100 })).toBe(true);
  });

  test("is false of as much as before when it is not the same", () => {
    pace.stalled({ pushed: 100, taken: 50 });
    expect(pace.stalled({ pushed: 150, taken: 100 })).toBe(false);
  });
});

describe("isSlow()", () => {
  const { paceMs } = FIXED;
  const RATE = 100;
  const enough = (paceMs / 1_000) * RATE;
  const slow = (pushed: number, taken: number, now: number): boolean =>
    pace.isSlow({ pushed, taken }, RATE, now);

  test("is true when less than the rate was taken in a window, while more waited", () => {
    slow(10_000, 0, 1_000);
    expect(slow(10_000, enough - 1, 1_000 + paceMs)).toBe(true);
  });

  test("is false when the rate was kept, and asks for it again in the next window", () => {
    slow(10_000, 0, 1_000);
    expect(slow(10_000, enough, 1_000 + paceMs)).toBe(false);
    expect(slow(10_000, enough + 1, 1_000 + 2 * paceMs)).toBe(true);
  });

  test("is false before a window has passed, and asks for more when it was longer", () => {
    slow(10_000, 0, 1_000);
    expect(slow(10_000, 0, 1_000 + paceMs - 1)).toBe(false);
    expect(slow(10_000, 2 * enough - 1, 1_000 + 2 * paceMs)).toBe(true);
  });

  test("is false of who took all that was there, however little and seldom that is", () => {
    for (let i = 0; i < 10; i++) expect(slow(i * 10 + 1, i * 10, i * 2 * paceMs)).toBe(false);
  });

  test("is false at any pace where no rate is asked for", () => {
    pace.isSlow({ pushed: 10_000, taken: 0 }, 0, 1_000);
    expect(pace.isSlow({ pushed: 10_000, taken: 1 }, 0, 1_000 + paceMs)).toBe(false);
  });
});
