/** Views and counts for tests of balancers. */

import { UNBOUNDED } from "../config/defaults.ts";
import type { BalanceName } from "../config/resolved.ts";
import { SeedSequence } from "../random.ts";
import { NOBODY_TRIED } from "./eligibility.ts";
import { choose } from "./picker.ts";
import { planFor } from "./plan.ts";
import type { Candidate, PoolView } from "./view.ts";

export function candidate(changes: Partial<Candidate> = {}): Candidate {
  return {
    name: "s1",
    weight: 1,
    ramp: 1,
    ready: true,
    outstanding: 0,
    reported: 0,
    reportedAverage: 0,
    reportedAgeMs: 0,
    latencyMs: 0,
    announced: 0,
    announcedAgeMs: 0,
    limit: UNBOUNDED,
    room: UNBOUNDED,
    ...changes,
  };
}

/** A view of servers s1, s2 ... that differ from idle ones of weight 1 as said. */
export function view(
  balance: BalanceName,
  servers: readonly Partial<Candidate>[],
  changes: Partial<PoolView> = {},
): PoolView {
  const candidates = servers.map((server, i) => candidate({ name: `s${i + 1}`, ...server }));
  return {
    balance,
    candidates,
    acceptors: 1,
    outstandingPerServer: 1_000,
    outstandingLimit: 0,
    room: UNBOUNDED,
    turn: 0,
    plan: planFor(
      candidates.map(({ name, weight, ramp }) => ({ name, weight: weight / ramp })),
      balance,
    ),
    ...changes,
  };
}

/** A pool in some state, the states all different and the same in every run. */
export function anyView(balance: BalanceName, chance: SeedSequence): PoolView {
  const servers = Array.from({ length: chance.next() % 7 }, () => ({
    ready: chance.next() % 3 > 0,
    outstanding: chance.next() % 12,
    reported: chance.next() % 12,
    reportedAverage: (chance.next() % 24) / 2,
    reportedAgeMs: chance.next() % 4_000,
    latencyMs: chance.next() % 3 === 0 ? 0 : chance.next() % 100,
    announced: (chance.next() % 3) / 2,
    announcedAgeMs: chance.next() % 10_000,
    weight: (1 + (chance.next() % 40)) / 4,
    limit: chance.next() % 3 === 0 ? chance.next() % 10 : UNBOUNDED,
    room: chance.next() % 3 === 0 ? (chance.next() % 5) - 2 : UNBOUNDED,
  }));
  return view(balance, servers, {
    acceptors: 1 + (chance.next() % 2),
    outstandingPerServer: 10,
    outstandingLimit: chance.next() % 2 === 0 ? 0 : chance.next() % 40,
    room: chance.next() % 4 === 0 ? (chance.next() % 3) - 1 : UNBOUNDED,
    turn: chance.next(),
  });
}

/** How often each candidate is chosen in `times` choices, each with its own seed, turn and affinity. */
export function tally(base: PoolView, times: number, tried: readonly number[] = NOBODY_TRIED): number[] {
  const counts = base.candidates.map(() => 0);
  const seeds = new SeedSequence(2026);
  const affinities = new SeedSequence(4711);
  for (let turn = 0; turn < times; turn++) {
    const chosen = choose({ ...base, turn }, seeds.next(), affinities.next(), tried);
    if (chosen >= 0) counts[chosen] = (counts[chosen] as number) + 1;
  }
  return counts;
}

/**
 * Pearson's chi-square of counts against shares. With k counts it stays below k - 1 + 4 * sqrt(2k - 2) in all but one
 * of ten thousand fair samples; as seeds are fixed, a test either always passes or always fails.
 */
export function chiSquare(counts: readonly number[], shares: readonly number[]): number {
  const total = counts.reduce((a, b) => a + b, 0);
  const whole = shares.reduce((a, b) => a + b, 0);
  return counts.reduce((sum, count, i) => {
    const expected = (total * (shares[i] as number)) / whole;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
}

/** The bound that `chiSquare` of k fair counts keeps. */
export function fairBound(k: number): number {
  return k - 1 + 4 * Math.sqrt(2 * k - 2);
}
