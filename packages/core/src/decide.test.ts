import { describe, expect, it } from "vitest";
import { affinityFor } from "./balance/affinity.ts";
import { NOBODY_TRIED } from "./balance/eligibility.ts";
import { hash32, NO_AFFINITY } from "./balance/hash.ts";
import { anyView, view } from "./balance/test-view.ts";
import { ChoiceTrace } from "./balance/trace.ts";
import type { PoolView } from "./balance/view.ts";
import { compileRules } from "./classify/compile.ts";
import { factsOf } from "./classify/test-facts.ts";
import { DEFAULT_HEALTH } from "./config/defaults.ts";
import type { BalanceName, ClassRoute, ResolvedPool, ResolvedRule } from "./config/resolved.ts";
import { chooseForClass, decide, explainChoice, NONE_TRIED, newChoice, type PoolViews } from "./decide.ts";
import { SeedSequence } from "./random.ts";

const GOLD = 0;
const GENERAL = 1;
const POOLS = ["gold", "general"];
const SPILLING: ClassRoute = { name: "gold", pool: GOLD, spill: GENERAL };
const STRICT: ClassRoute = { name: "gold", pool: GOLD, spill: -1 };

const up = view("least-load", [{}, {}]);
const down = view("least-load", [{ ready: false }, { ready: false }]);

function views(gold: PoolView, general: PoolView): PoolViews {
  return (pool) => [gold, general][pool];
}

function choiceOf(cls: ClassRoute, of: PoolViews, seed = 1, tried = NONE_TRIED) {
  const choice = newChoice();
  const found = chooseForClass(cls, of, seed, 0, tried, choice);
  expect(found).toBe(choice.server >= 0);
  return choice;
}

describe("chooseForClass()", () => {
  it("stays in the class's pool while that can take the request", () => {
    expect(choiceOf(SPILLING, views(up, up), 77)).toMatchObject({ pool: GOLD, spilled: false, seed: 77 });
  });

  it("goes to the spill pool when the pool cannot take it, and says so", () => {
    expect(choiceOf(SPILLING, views(down, up))).toMatchObject({ pool: GENERAL, spilled: true });
    const full = view("p2c", [{ outstanding: 3 }], { outstandingLimit: 3 });
    expect(choiceOf(SPILLING, views(full, up))).toMatchObject({ pool: GENERAL, spilled: true });
  });

  it("goes nowhere when the pool cannot take it and there is no spill", () => {
    expect(choiceOf(STRICT, views(down, up))).toEqual({ pool: -1, server: -1, spilled: false, seed: 1 });
  });

  it("never looks at a pool that is neither the class's nor its spill", () => {
    const asked: number[] = [];
    const watched: PoolViews = (pool) => {
      asked.push(pool);
      return down;
    };
    choiceOf({ name: "x", pool: 4, spill: 2 }, watched);
    choiceOf({ name: "y", pool: 3, spill: -1 }, watched);
    expect(asked).toEqual([4, 2, 3]);
  });

  it.each<BalanceName>(["least-load", "p2c", "peak-ewma", "round-robin", "hash"])(
    "never lets gold out of its subset nor general in, for any views, with %s",
    (balance) => {
      const chance = new SeedSequence(12);
      const general: ClassRoute = { name: "general", pool: GENERAL, spill: -1 };
      for (let round = 0; round < 1_000; round++) {
        const of = views(anyView(balance, chance), anyView(balance, chance));
        expect([GOLD, -1]).toContain(choiceOf(STRICT, of, chance.next()).pool);
        expect([GENERAL, -1]).toContain(choiceOf(general, of, chance.next()).pool);
      }
    },
  );

  it("keeps what was tried in the pool apart from what was tried in the spill pool", () => {
    const one = view("least-load", [{}]);
    const tried = { pool: [0], spill: NOBODY_TRIED };
    expect(choiceOf(SPILLING, views(one, one), 1, tried)).toMatchObject({ pool: GENERAL, server: 0 });
    expect(choiceOf(SPILLING, views(one, one), 1, { pool: [0], spill: [0] }).server).toBe(-1);
  });

  it("writes over all of a choice that was used before", () => {
    const choice = newChoice();
    chooseForClass(SPILLING, views(down, up), 5, 0, NONE_TRIED, choice);
    chooseForClass(STRICT, views(down, up), 6, 0, NONE_TRIED, choice);
    expect(choice).toEqual({ pool: -1, server: -1, spilled: false, seed: 6 });
  });

  it("finds nobody in a pool without a view", () => {
    const trace = new ChoiceTrace();
    trace.compared = 3;
    expect(chooseForClass(STRICT, () => undefined, 1, 0, NONE_TRIED, newChoice(), trace)).toBe(false);
    expect(trace.compared).toBe(0);
  });
});

describe("decide()", () => {
  const pools = POOLS.map(
    (name): ResolvedPool => ({
      name,
      servers: [],
      balance: "hash",
      hashOn: name === "gold" ? { on: "user" } : { on: "client" },
      share: "off",
      proxyProtocol: "off",
      sharedLoad: true,
      announcedLoad: undefined,
      health: DEFAULT_HEALTH,
    }),
  );
  const classes: readonly ClassRoute[] = [SPILLING, { name: "general", pool: GENERAL, spill: -1 }];
  const goldCookie: ResolvedRule = {
    name: "gold cookie",
    when: { kind: "test", on: { fact: "cookie", name: "tier" }, matcher: { kind: "equal", value: "gold" } },
    class: 0,
  };
  const rules = { compiled: compileRules([goldCookie], 1), classes, pools };
  const gold = factsOf({ cookies: { tier: "gold" }, user: "ann", client: "10.0.0.9" });
  const other = factsOf({ user: "ann", client: "10.0.0.9" });

  it("sends what has the information into the subset and what has not outside", () => {
    expect(decide(gold, rules, views(up, up), 1)).toMatchObject({
      rule: 0,
      class: 0,
      choice: { pool: GOLD },
    });
    expect(decide(other, rules, views(up, up), 1)).toMatchObject({
      rule: -1,
      class: 1,
      choice: { pool: GENERAL },
    });
  });

  it("does not let a request without the information in when its own pool is down", () => {
    expect(decide(other, rules, views(up, down), 1).choice).toMatchObject({ pool: -1, server: -1 });
  });

  it("takes the affinity by what the pool of the class hashes on", () => {
    expect(decide(gold, rules, views(up, up), 1).affinity).toBe(hash32("ann"));
    expect(decide(other, rules, views(up, up), 1).affinity).toBe(hash32("10.0.0.9"));
  });

  it("takes the affinity by the spill pool's key when the pool itself has none", () => {
    const keyless = pools.map((pool) => (pool.name === "gold" ? { ...pool, hashOn: undefined } : pool));
    expect(affinityFor(gold, SPILLING, keyless)).toBe(hash32("10.0.0.9"));
    expect(affinityFor(gold, STRICT, keyless)).toBe(NO_AFFINITY);
  });
});

describe("explainChoice()", () => {
  const name = (pool: number) => POOLS[pool] ?? "";

  it("tells the choice that chooseForClass() makes of the same views and seed", () => {
    const busy = view("p2c", [{ outstanding: 4 }, { outstanding: 2 }, { outstanding: 1 }]);
    for (let seed = 0; seed < 50; seed++) {
      for (const of of [views(busy, up), views(down, busy)]) {
        const choice = choiceOf(SPILLING, of, seed);
        const told = explainChoice(SPILLING, name, of, seed, 0);
        expect(told).toMatchObject({ pool: POOLS[choice.pool], spilled: choice.spilled, seed });
        expect(told.server).toBe(of(choice.pool)?.candidates[choice.server]?.name);
      }
    }
  });

  it("shows both pools of a spill with the reason for it", () => {
    const told = explainChoice(SPILLING, name, views(down, view("p2c", [{}])), 1, 0);
    expect(told.pools.map((pool) => pool.pool)).toEqual(["gold", "general"]);
    expect(told.why).toBe(
      'No server of pool "gold" takes the request: "s1" is not ready, "s2" is not ready. ' +
        'Class "gold" spills over. "s1" is the only server of pool "general" that takes requests now.',
    );
  });

  it("says that there is no spill pool when nobody takes the request", () => {
    const told = explainChoice(STRICT, name, views(down, up), 1, 0);
    expect(told).toMatchObject({ pool: null, server: null, spilled: false });
    expect(told.why).toMatch(/Class "gold" has no spill pool\.$/);
  });

  it("is plain JSON", () => {
    const told = explainChoice(SPILLING, name, () => undefined, 1, 0);
    expect(JSON.parse(JSON.stringify(told))).toEqual(told);
    expect(told.server).toBeNull();
  });
});
