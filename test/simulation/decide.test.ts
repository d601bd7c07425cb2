import { describe, expect, it } from "vitest";
import type { BalanceName } from "../../packages/core/src/config/resolved.ts";
import {
  type ClassSpec,
  type Outcome,
  quantile,
  type Scenario,
  type ServerSpec,
  simulate,
} from "./cluster.ts";

/** p99 of a server of mean 10 ms at which nobody waits: half is fixed, half is exponential (cluster.ts). */
const FASTEST_P99_MS = 5 + 5 * Math.log(100);

function servers(meansMs: readonly number[], changes: Partial<ServerSpec> = {}): ServerSpec[] {
  return meansMs.map((ms, i) => ({ name: `s${i + 1}`, answerMs: () => ms, concurrency: 8, ...changes }));
}

/** Requests per second that servers can answer at most. */
function capacity(of: readonly ServerSpec[]): number {
  return of.reduce((sum, server) => sum + (1_000 * server.concurrency) / server.answerMs(0), 0);
}

/** One pool of servers of four speeds, at four fifths of what they can do together. */
function unequalPool(balance: BalanceName, acceptors: number): Scenario {
  const unequal = servers([10, 12, 15, 18]);
  return {
    pools: [{ balance, servers: unequal }],
    classes: [{ name: "fast", pool: 0, spill: -1, perSecond: 0.8 * capacity(unequal) }],
    acceptors,
    durationMs: 10_000,
    seed: 2026,
  };
}

function tookMs(outcomes: readonly Outcome[]): number[] {
  return outcomes.map((outcome) => outcome.tookMs);
}

function p99(outcomes: readonly Outcome[]): number {
  return quantile(tookMs(outcomes), 0.99);
}

/** The part of the requests that each of `count` servers took. */
function shares(outcomes: readonly Outcome[], count: number): number[] {
  const counts = new Array<number>(count).fill(0);
  for (const { server } of outcomes) counts[server] = (counts[server] as number) + 1;
  return counts.map((each) => each / outcomes.length);
}

describe("least-load in a pool of servers with different answer times", () => {
  it.each([1, 2, 4, 16])(
    "keeps the p99 of the clients within twice that of the fastest server, with %i acceptors",
    (acceptors) => {
      const outcomes = simulate(unequalPool("least-load", acceptors));
      const took = tookMs(outcomes);
      expect(outcomes.length).toBeGreaterThan(10_000);
      expect(quantile(took, 0.5)).toBeLessThan(2 * 10);
      expect(quantile(took, 0.9)).toBeLessThan(0.7 * 2 * FASTEST_P99_MS);
      expect(p99(outcomes)).toBeLessThan(2 * FASTEST_P99_MS);
      expect(p99(outcomes)).toBeLessThan(2 * p99(outcomes.filter(({ server }) => server === 0)));
    },
  );

  it("is what keeps it there: round-robin, at the same load, is past ten times", () => {
    expect(p99(simulate(unequalPool("round-robin", 2)))).toBeGreaterThan(10 * FASTEST_P99_MS);
  });

  it("gives more to faster servers, near what each can do", () => {
    const able = [1 / 10, 1 / 12, 1 / 15, 1 / 18];
    const all = able.reduce((a, b) => a + b);
    shares(simulate(unequalPool("least-load", 2)), 4).forEach((share, i) => {
      expect(Math.abs(share - (able[i] as number) / all)).toBeLessThan(0.03);
    });
  });

  it("does not herd when the table of the others' load is older than an answer takes", () => {
    const withTable = p99(simulate(unequalPool("least-load", 16)));
    const without = p99(simulate(unequalPool("p2c", 16)));
    expect(withTable).toBeLessThan(1.1 * without);
  });

  it("makes use of the table where own counts say little: long answers, many acceptors", () => {
    const scenario = (balance: BalanceName): Scenario => {
      const slow = servers([500, 600, 750, 900], { concurrency: 2 });
      const perSecond = 0.8 * capacity(slow);
      const classes = [{ name: "slow", pool: 0, spill: -1, perSecond }];
      return { pools: [{ balance, servers: slow }], classes, acceptors: 16, durationMs: 600_000, seed: 5 };
    };
    expect(p99(simulate(scenario("least-load")))).toBeLessThan(0.65 * p99(simulate(scenario("p2c"))));
  });
});

describe("balancers in a pool of servers with different answer times", () => {
  it.each<BalanceName>(["p2c", "peak-ewma", "hash"])(
    "%s keeps the p99 within twice that of the fastest",
    (balance) => {
      expect(p99(simulate(unequalPool(balance, 2)))).toBeLessThan(2 * FASTEST_P99_MS);
    },
  );

  it("round-robin gives each server the same, whatever it can do", () => {
    for (const share of shares(simulate(unequalPool("round-robin", 2)), 4))
      expect(share).toBeCloseTo(1 / 4, 3);
  });

  it.each<BalanceName>(["least-load", "p2c", "peak-ewma", "round-robin", "hash"])(
    "%s fills equal servers of weights 1, 2 and 5 in that proportion",
    (balance) => {
      const weights = [1, 2, 5];
      const weighted = weights.map((weight, i) => ({
        name: `s${i + 1}`,
        weight,
        answerMs: () => 10,
        concurrency: 4 * weight,
      }));
      const classes = [{ name: "all", pool: 0, spill: -1, perSecond: 0.7 * capacity(weighted) }];
      const pools = [{ balance, servers: weighted }];
      const outcomes = simulate({ pools, classes, acceptors: 2, durationMs: 10_000, seed: 3 });
      shares(outcomes, 3).forEach((share, i) => {
        expect(Math.abs(share - (weights[i] as number) / 8)).toBeLessThan(0.06);
      });
    },
  );

  it("peak-ewma leaves a server alone while it is twenty times slower, and returns to it", () => {
    const troubled = servers([10, 10, 10, 10]).map((server, i) =>
      i === 0 ? { ...server, answerMs: (now: number) => (now >= 10_000 && now < 20_000 ? 200 : 10) } : server,
    );
    const outcomes = simulate({
      pools: [{ balance: "peak-ewma", servers: troubled }],
      classes: [{ name: "all", pool: 0, spill: -1, perSecond: 1_000 }],
      acceptors: 2,
      durationMs: 80_000,
      seed: 4,
    });
    const between = (from: number, to: number) =>
      shares(
        outcomes.filter((each) => each.arrivedAt >= from && each.arrivedAt < to),
        4,
      )[0] as number;
    expect(between(1_000, 10_000)).toBeGreaterThan(0.2);
    expect(between(11_000, 20_000)).toBeLessThan(0.02);
    expect(between(70_000, 80_000)).toBeGreaterThan(0.15);
  });

  it("hash keeps the server of a user with a third of all requests within its bound", () => {
    const crowd = (drawn: number) => (drawn % 3 === 0 ? "ann" : `user ${drawn % 500}`);
    const equal = servers([10, 10, 10, 10]);
    const outcomes = simulate({
      pools: [{ balance: "hash", servers: equal }],
      classes: [{ name: "all", pool: 0, spill: -1, perSecond: 0.7 * capacity(equal), user: crowd }],
      acceptors: 1,
      durationMs: 10_000,
      seed: 6,
    });
    expect(Math.max(...shares(outcomes, 4))).toBeLessThan(0.25 * 1.25);
    expect(p99(outcomes)).toBeLessThan(2 * FASTEST_P99_MS);
  });
});

describe("subsets", () => {
  const GOLD = 0;
  const GENERAL = 1;

  /** A gold pool with room to spare beside a general pool that gets more than it can answer. */
  function twoClasses(balance: BalanceName, gold: Partial<ClassSpec>, goldLimit = 0): Scenario {
    return {
      pools: [
        { balance, servers: servers([10, 15]), outstandingLimit: goldLimit },
        { balance, servers: servers([40, 60]), outstandingLimit: 200 },
      ],
      classes: [
        { name: "gold", pool: GOLD, spill: -1, perSecond: 600, ...gold },
        { name: "general", pool: GENERAL, spill: -1, perSecond: 500 },
      ],
      acceptors: 2,
      durationMs: 5_000,
      seed: 9,
    };
  }

  function poolsOf(outcomes: readonly Outcome[], cls: number): Set<number> {
    return new Set(outcomes.filter((outcome) => outcome.class === cls).map((outcome) => outcome.pool));
  }

  it.each<BalanceName>(["least-load", "p2c", "peak-ewma", "round-robin", "hash"])(
    "hold with %s: gold only inside, general only outside and refused rather than let in",
    (balance) => {
      const outcomes = simulate(twoClasses(balance, {}));
      expect(poolsOf(outcomes, GOLD)).toEqual(new Set([GOLD]));
      expect(poolsOf(outcomes, GENERAL)).toEqual(new Set([GENERAL, -1]));
    },
  );

  it("shield gold clients from a general pool that is overrun", () => {
    const outcomes = simulate(twoClasses("least-load", {}));
    const of = (cls: number) => outcomes.filter((outcome) => outcome.class === cls && outcome.pool >= 0);
    expect(p99(of(GOLD))).toBeLessThan(2 * FASTEST_P99_MS);
    expect(p99(of(GENERAL))).toBeGreaterThan(10 * FASTEST_P99_MS);
  });

  it("let gold out by its spill when its pool is full, and still let nobody in", () => {
    const outcomes = simulate(twoClasses("least-load", { spill: GENERAL, perSecond: 1_500 }, 12));
    expect(poolsOf(outcomes, GOLD)).toEqual(new Set([GOLD, GENERAL, -1]));
    expect(poolsOf(outcomes, GENERAL)).toEqual(new Set([GENERAL, -1]));
  });
});

describe("simulate()", () => {
  it("gives the same outcomes from the same seed, and others from another", () => {
    const scenario = { ...unequalPool("least-load", 2), durationMs: 500 };
    expect(simulate(scenario)).toEqual(simulate(scenario));
    expect(simulate({ ...scenario, seed: 1 })).not.toEqual(simulate(scenario));
  });
});
