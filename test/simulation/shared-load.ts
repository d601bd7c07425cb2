/**
 * What shared load is worth: six acceptors of which the first has half of all clients and the last ones next to none, and
 * eight servers of which two take three times as long; with the table of the others' load, without it, and one acceptor
 * that knows all. Run as a program it prints the medians of five seeds (docs/decisions/0006-reports-of-load-fade.md).
 */
import { quantile, type Scenario, SETTLE_MS, type ServerSpec, simulateSpread } from "./cluster.ts";

/** Parts of the clients by acceptor. */
const PLACEMENT = [12, 6, 3, 2, 1, 1] as const;

export type Knowledge = "shared" | "own" | "one acceptor";
export type Load = "clients that ask again and again" | "requests at random";

export interface Measured {
  readonly p50: number;
  readonly p99: number;
  readonly range: number;
  readonly deviation: number;
  readonly lasting: number;
}

function servers(fastMs: number, concurrency: number): ServerSpec[] {
  return Array.from({ length: 8 }, (_, i) => {
    const ms = i < 6 ? fastMs : 3 * fastMs;
    return { name: `s${i + 1}`, answerMs: () => ms, concurrency };
  });
}

/** `outstanding`: about so many requests are outstanding at each server. `awayMs`: as in `Scenario`. */
export function scenario(
  knowledge: Knowledge,
  load: Load,
  fastMs: number,
  outstanding: number,
  seed: number,
  awayMs = 0,
): Scenario {
  const each = servers(fastMs, 1_000);
  // By Little's law, with the same outstanding at each server.
  const perSecond = each.reduce((sum, { answerMs }) => sum + (1_000 * outstanding) / answerMs(0), 0);
  const again = load === "clients that ask again and again";
  return {
    pools: [{ balance: "least-load", servers: each, sharedLoad: knowledge === "shared" }],
    classes: [
      {
        name: "all",
        pool: 0,
        spill: -1,
        perSecond: again ? 0 : perSecond,
        clients: again ? 8 * outstanding : 0,
      },
    ],
    acceptors: knowledge === "one acceptor" ? 1 : PLACEMENT.length,
    ...(knowledge === "one acceptor" ? {} : { placement: PLACEMENT }),
    durationMs: SETTLE_MS + 600 * fastMs,
    awayMs,
    seed,
  };
}

export function measure(of: Scenario): Measured {
  const { outcomes, spread } = simulateSpread(of);
  const took = outcomes.filter(({ arrivedAt }) => arrivedAt > SETTLE_MS).map(({ tookMs }) => tookMs);
  const { range, deviation, lasting } = spread;
  return { p50: quantile(took, 0.5), p99: quantile(took, 0.99), range, deviation, lasting };
}

if (import.meta.main) {
  const seeds = [1, 2, 3, 4, 5];
  console.log(
    "load, answers of the fast, outstanding at each | knowledge | p50 ms | p99 ms | range | deviation | lasting",
  );
  const loads: Load[] = ["clients that ask again and again", "requests at random"];
  for (const load of loads)
    for (const [ms, outstanding, awayMs] of [
      [30, 4, 0],
      [30, 16, 0],
      [300, 16, 0],
      [100, 16, 0.5],
      [100, 16, 2],
      [100, 16, 5],
    ] as const)
      for (const knowledge of ["one acceptor", "shared", "own"] as const) {
        const runs = seeds.map((seed) => measure(scenario(knowledge, load, ms, outstanding, seed, awayMs)));
        const median = (of: keyof Measured) =>
          quantile(
            runs.map((run) => run[of]),
            0.5,
          ).toFixed(2);
        const numbers = (["p50", "p99", "range", "deviation", "lasting"] as const).map(median);
        console.log(
          [`${load}, ${ms} ms, ${outstanding}, away ${awayMs} ms`, knowledge, ...numbers].join(" | "),
        );
      }
}
