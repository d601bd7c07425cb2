/**
 * What one choice costs. An acceptor has some 15 microseconds of CPU for a whole request, so a choice among tens of
 * servers has to stay well below one.
 *
 * Run it: node packages/core/src/balance/picker.bench.ts
 */

import type { BalanceName } from "../config/resolved.ts";
import { draw } from "../random.ts";
import { NOBODY_TRIED } from "./eligibility.ts";
import { choose } from "./picker.ts";
import { view } from "./test-view.ts";
import { ChoiceTrace } from "./trace.ts";

const SERVERS = [4, 32, 256, 1_000, 10_000];
/** Servers that are looked at in a round. */
const VIEWS = 25_000_000;
const ROUNDS = 4;
const BALANCERS: readonly BalanceName[] = ["least-load", "p2c", "peak-ewma", "round-robin", "hash"];

function measure(balance: BalanceName, servers: number, acceptors: number): string {
  const busy = Array.from({ length: servers }, (_, i) => ({
    outstanding: i % 7,
    reported: i % 5,
    reportedAgeMs: 30,
    latencyMs: 10 + i,
    weight: 1 + (i % 3),
  }));
  const choices = Math.min(100_000, Math.ceil(VIEWS / servers));
  const pool = view(balance, busy, { acceptors });
  const trace = new ChoiceTrace();
  let best = Number.POSITIVE_INFINITY;
  let heap = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.memoryUsage().heapUsed;
    const start = performance.now();
    for (let i = 0; i < choices; i++) choose(pool, draw(round, i), draw(i, 1), NOBODY_TRIED, trace);
    best = Math.min(best, performance.now() - start);
    heap = (process.memoryUsage().heapUsed - before) / choices;
  }
  const nanoseconds = (best * 1e6) / choices;
  return `${nanoseconds.toFixed(0).padStart(7)} ns ${heap.toFixed(0).padStart(4)} B`;
}

console.log(
  `one traced choice: nanoseconds, heap bytes in the last round; among ${SERVERS.join(", ")} servers`,
);
for (const balance of BALANCERS) {
  for (const acceptors of [1, 4]) {
    const each = SERVERS.map((servers) => measure(balance, servers, acceptors));
    console.log(`${balance.padEnd(12)} ${acceptors} acceptors  ${each.join("  ")}`);
  }
}
