import { describe, expect, it } from "vitest";
import type { BalanceName } from "../config/resolved.ts";
import { SeedSequence } from "../random.ts";
import { isEligible, NOBODY_TRIED } from "./eligibility.ts";
import { choose, scorer } from "./picker.ts";
import { anyView, view } from "./test-view.ts";
import { ChoiceTrace } from "./trace.ts";

const BALANCERS: readonly BalanceName[] = ["least-load", "p2c", "peak-ewma", "round-robin", "hash"];

describe.each(BALANCERS)("choose() with %s", (balance) => {
  it("takes an eligible server when there is one and the pool has room, else nobody", () => {
    const chance = new SeedSequence(33);
    for (let round = 0; round < 2_000; round++) {
      const pool = anyView(balance, chance);
      const tried = chance.next() % 2 === 0 ? NOBODY_TRIED : [chance.next() % 7];
      const eligible = pool.candidates.flatMap((_, i) => (isEligible(pool, i, tried) ? [i] : []));
      const held = pool.candidates.reduce((sum, each) => sum + each.outstanding, 0);
      const full = pool.room <= 0 || (pool.outstandingLimit > 0 && held >= pool.outstandingLimit);
      const chosen = choose(pool, chance.next(), chance.next(), tried);
      if (full || eligible.length === 0) expect(chosen).toBe(-1);
      else expect(eligible).toContain(chosen);
    }
  });

  it("chooses the same again from the same view and seed, traced or not", () => {
    const chance = new SeedSequence(8);
    const trace = new ChoiceTrace();
    for (let round = 0; round < 500; round++) {
      const pool = anyView(balance, chance);
      const seed = chance.next();
      const affinity = chance.next();
      const chosen = choose(pool, seed, affinity, NOBODY_TRIED);
      expect(choose(structuredClone(pool), seed, affinity, NOBODY_TRIED, trace)).toBe(chosen);
      expect(trace.winner).toBe(chosen);
    }
  });

  it("traces the scores that scorer() explains", () => {
    const chance = new SeedSequence(21);
    const trace = new ChoiceTrace();
    for (let round = 0; round < 300; round++) {
      const pool = anyView(balance, chance);
      choose(pool, chance.next(), chance.next(), NOBODY_TRIED, trace);
      const score = scorer(pool, NOBODY_TRIED);
      for (let i = 0; i < trace.kept; i++) {
        const candidate = pool.candidates[trace.candidates[i] as number];
        expect(candidate).toBeDefined();
        if (candidate !== undefined && score !== undefined) expect(trace.scores[i]).toBe(score(candidate));
      }
    }
  });

  it("does not look at the servers of a pool that is at its limit", () => {
    const trace = new ChoiceTrace();
    const pool = view(balance, [{ outstanding: 2 }, { outstanding: 1 }], { outstandingLimit: 3 });
    expect(choose(pool, 1, 1, NOBODY_TRIED, trace)).toBe(-1);
    expect([trace.reason, trace.compared, trace.winner]).toEqual(["pool-at-its-limit", 0, -1]);
  });
});
