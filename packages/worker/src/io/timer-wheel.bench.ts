/**
 * What a time limit costs: connections set theirs with every chunk, mostly to what it was already.
 *
 * Run it: node packages/worker/src/io/timer-wheel.bench.ts
 */

import { Deadline, TimerWheel } from "./timer-wheel.ts";

const CONNECTIONS = 10_000;
const TICKS = 400;
const ROUNDS = 5;
const TICK_MS = 50;

/** Nanoseconds for each of `count` runs; the best of some rounds. */
function measure(name: string, count: number, run: () => void): void {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  console.log(`${name.padEnd(60)} ${((best * 1e6) / count).toFixed(1).padStart(7)} ns`);
}

let now = 0;
const wheel = new TimerWheel(() => now);
const deadlines = Array.from({ length: CONNECTIONS }, () => new Deadline(wheel, () => {}));
const tick = (): void => {
  now += TICK_MS;
  wheel.advance();
};

measure("set to what it was, within one tick", CONNECTIONS, () => {
  for (const deadline of deadlines) deadline.set(30_000);
});
measure("set once a tick", CONNECTIONS * TICKS, () => {
  for (let i = 0; i < TICKS; i++) {
    tick();
    for (const deadline of deadlines) deadline.set(30_000);
  }
});
measure("set and cleared", CONNECTIONS, () => {
  for (const deadline of deadlines) {
    deadline.set(60_000);
    deadline.clear();
  }
});
for (const deadline of deadlines) deadline.set(86_400_000);
/** Every slot is passed once. */
const ROUND_OF_WHEEL = 1_024;
measure(`a tick, while ${CONNECTIONS} of a day lie in one slot`, ROUND_OF_WHEEL, () => {
  for (let i = 0; i < ROUND_OF_WHEEL; i++) tick();
});
