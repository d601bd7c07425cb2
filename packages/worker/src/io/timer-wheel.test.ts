import { SeedSequence } from "@shunt/core";
import { expect, test } from "vitest";
import { Deadline, TimerWheel } from "./timer-wheel.ts";

const TICK_MS = 50;
/** One round of the wheel. */
const ROUND_MS = 1_024 * TICK_MS;
/** No deadline is later than this when the loop does not stand still. */
const LATEST_MS = 4 * TICK_MS;

/** A wheel whose time passes when a test says so. */
class Bench {
  now = 1_000;
  ticks = 0;
  readonly expired: string[] = [];
  readonly wheel = new TimerWheel(
    () => this.now,
    () => this.ticks++,
  );

  deadline(name: string, then: () => void = () => {}): Deadline {
    return new Deadline(this.wheel, () => {
      this.expired.push(name);
      then();
    });
  }

  /** Lets time pass as a loop does that is never late. */
  pass(ms: number): void {
    const end = this.now + ms;
    while (this.now < end) {
      this.now = Math.min(end, this.now + TICK_MS);
      this.wheel.advance();
    }
  }

  /** The loop stands still, and then goes on. */
  stall(ms: number): void {
    this.now += ms;
    this.wheel.advance();
  }
}

test.each([1, 49, 50, 51, 1_000, ROUND_MS - 1, ROUND_MS, ROUND_MS + 1, 3 * ROUND_MS + 7, 86_400_000])(
  "Deadline of %i ms is not early, and late by less than four ticks",
  (ms) => {
    const bench = new Bench();
    bench.pass(33);
    bench.deadline("a").set(ms);
    bench.pass(ms);
    expect(bench.expired).toEqual([]);
    bench.pass(LATEST_MS);
    expect(bench.expired).toEqual(["a"]);
    bench.pass(2 * ROUND_MS);
    expect(bench.expired).toEqual(["a"]);
  },
);

test("Deadline that is set again counts from then, later as well as sooner", () => {
  const bench = new Bench();
  const later = bench.deadline("later");
  later.set(1_000);
  const sooner = bench.deadline("sooner");
  sooner.set(10_000);
  bench.pass(900);
  later.set(1_000);
  sooner.set(100);
  bench.pass(100 + LATEST_MS);
  expect(bench.expired).toEqual(["sooner"]);
  bench.pass(900);
  expect(bench.expired).toEqual(["sooner", "later"]);
});

test("Deadline that is cleared, or set to 0, never expires", () => {
  const bench = new Bench();
  const cleared = bench.deadline("cleared");
  cleared.set(100);
  cleared.clear();
  cleared.clear();
  const never = bench.deadline("never");
  never.set(100);
  never.set(0);
  bench.pass(2 * ROUND_MS);
  expect(bench.expired).toEqual([]);
});

test("Deadline can be set again, with the same time limit, while it expires", () => {
  const bench = new Bench();
  const repeated: Deadline = bench.deadline("a", () => repeated.set(1_000));
  repeated.set(1_000);
  for (let i = 1; i <= 3; i++) {
    bench.pass(1_000 + LATEST_MS);
    expect(bench.expired).toHaveLength(i);
  }
});

test("TimerWheel expires none that another one clears or moves in the same tick", () => {
  const bench = new Bench();
  const names = ["a", "b", "c", "d", "e"];
  const deadlines: Deadline[] = [];
  for (const name of names) {
    deadlines.push(
      bench.deadline(name, () => {
        deadlines[1]?.clear();
        deadlines[2]?.set(ROUND_MS);
        deadlines[3]?.set(10_000);
      }),
    );
  }
  // Whichever order a slot is gone through: the first to expire takes b, c and d out of it.
  deadlines[1]?.set(500);
  deadlines[0]?.set(500);
  deadlines[2]?.set(500);
  deadlines[3]?.set(500);
  deadlines[4]?.set(500);
  bench.pass(500 + LATEST_MS);
  expect(bench.expired.toSorted()).toEqual(["a", "e"]);
});

test("TimerWheel expires all that are due when one of them files others into the slot that is gone through", () => {
  const bench = new Bench();
  const far = bench.deadline("far");
  const near = Array.from({ length: 5 }, (_, i) =>
    bench.deadline(`${i}`, () => far.set(ROUND_MS - 3 * TICK_MS)),
  );
  for (const deadline of near) deadline.set(500);
  bench.pass(500 + LATEST_MS);
  expect(bench.expired.toSorted()).toEqual(["0", "1", "2", "3", "4"]);
});

test("TimerWheel holds a loop that stood still against nobody", () => {
  const bench = new Bench();
  bench.deadline("a").set(10_000);
  bench.pass(1_000);
  bench.stall(60_000);
  expect(bench.expired).toEqual([]);
  bench.pass(8_000);
  expect(bench.expired).toEqual([]);
  bench.pass(1_000 + LATEST_MS);
  expect(bench.expired).toEqual(["a"]);
});

test("Deadline that is set while the loop is late is not early", () => {
  const bench = new Bench();
  bench.now += 470;
  bench.deadline("a").set(100);
  bench.wheel.advance();
  bench.pass(100);
  expect(bench.expired).toEqual([]);
  bench.pass(LATEST_MS);
  expect(bench.expired).toEqual(["a"]);
});

test("TimerWheel tells of each advance, whether or not something was due", () => {
  const bench = new Bench();
  bench.pass(500);
  bench.stall(5_000);
  expect(bench.ticks).toBe(11);
});

test("TimerWheel agrees with a list of due times, over 20,000 random settings, clearings and pauses", () => {
  const bench = new Bench();
  const seeds = new SeedSequence(1);
  const due = new Map<number, number>();
  let early = 0;
  let latest = 0;
  const deadlines = Array.from({ length: 200 }, (_, i) => {
    return new Deadline(bench.wheel, () => {
      if (bench.now < (due.get(i) as number)) early++;
      due.delete(i);
    });
  });
  for (let i = 0; i < 20_000; i++) {
    const chosen = seeds.next() % deadlines.length;
    const ms = 1 + (seeds.next() % 120_000);
    if (seeds.next() % 3 === 0) {
      deadlines[chosen]?.clear();
      due.delete(chosen);
    } else {
      deadlines[chosen]?.set(ms);
      due.set(chosen, bench.now + ms);
    }
    if (seeds.next() % 4 === 0) bench.pass(seeds.next() % 400);
    for (const at of due.values()) latest = Math.max(latest, bench.now - at);
  }
  bench.pass(120_000 + LATEST_MS);
  expect({ early, left: due.size }).toEqual({ early: 0, left: 0 });
  expect(latest).toBeLessThan(LATEST_MS);
});

test("TimerWheel ticks by itself between start and stop", async () => {
  const wheel = new TimerWheel(() => performance.now());
  wheel.start();
  await new Promise<void>((resolve) => new Deadline(wheel, resolve).set(1));
  wheel.stop();
});
