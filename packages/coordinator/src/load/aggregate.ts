import { type HeardLoad, noAnswers, rateAt } from "./heard-load.ts";

/** What one acceptor has at each server, by `pool/server`. */
export type LoadTable = ReadonlyMap<string, HeardLoad>;

/** One server over all acceptors that count. */
export interface TotalLoad {
  readonly server: string;
  readonly outstanding: number;
  /** Requests per second. */
  readonly rate: number;
  readonly requests: number;
  readonly failures: number;
  /** Responses with a status of 500 or above. */
  readonly errors: number;
  readonly connections: number;
  /** Mean of the peak-sensitive averages of acceptors, weighted by their requests; 0 while none measured anything. */
  readonly latencyMs: number;
  /** Mean time of the last answers, weighted by the rates of acceptors; 0 is none. */
  readonly averageMs: number;
  /** Answers ever, by how long they took: a count for each bucket of ANSWER_BOUNDS_MS. */
  readonly answers: readonly number[];
  /** How long all of them took together. */
  readonly answerMs: number;
  /** How loaded it last said that it is, 0 to 1; undefined while it says nothing. */
  readonly announced: number | undefined;
  /** Acceptors that have ejected it for now. */
  readonly ejectedBy: number;
}

/** Totals of the servers named, in that order; one that nobody speaks of has zeros. */
export function totals(
  servers: readonly string[],
  tables: readonly LoadTable[],
  now: number = Date.now(),
): TotalLoad[] {
  return servers.map((server) => totalOf(server, tables, now));
}

/** Whichever heard later what the server says of itself. */
function laterWord(one: HeardLoad | undefined, other: HeardLoad): HeardLoad | undefined {
  if (other.announced === undefined) return one;
  return one === undefined || other.measuredAt > one.measuredAt ? other : one;
}

function totalOf(server: string, tables: readonly LoadTable[], now: number): TotalLoad {
  const loads = tables.flatMap((table) => table.get(server) ?? []);
  const sumOf = (measure: (load: HeardLoad) => number) => loads.reduce((sum, load) => sum + measure(load), 0);
  return {
    server,
    outstanding: sumOf((load) => load.outstanding),
    rate: sumOf((load) => rateAt(load, now)),
    requests: sumOf((load) => load.requests),
    failures: sumOf((load) => load.failures),
    errors: sumOf((load) => load.errors),
    connections: sumOf((load) => load.connections),
    // At least 1: a first answer may be measured before its request is counted in a report.
    latencyMs: weighted(
      loads,
      ({ latencyMs }) => latencyMs,
      ({ requests }) => Math.max(1, requests),
    ),
    averageMs: weighted(
      loads,
      ({ averageMs }) => averageMs,
      // Above 0: where no requests come any more, the last answers still took what they took.
      ({ rate }) => Math.max(0.001, rate),
    ),
    answers: loads.reduce((sum, load) => added(sum, load.answers), noAnswers()),
    answerMs: sumOf((load) => load.answerMs ?? 0),
    announced: loads.reduce<HeardLoad | undefined>(laterWord, undefined)?.announced,
    ejectedBy: sumOf((load) => (load.ejected ? 1 : 0)),
  };
}

/** Those with 0 have measured nothing. */
function weighted(
  loads: readonly HeardLoad[],
  measure: (load: HeardLoad) => number,
  weight: (load: HeardLoad) => number,
): number {
  const measured = loads.filter((load) => measure(load) > 0);
  const whole = measured.reduce((sum, load) => sum + weight(load), 0);
  return whole === 0 ? 0 : measured.reduce((sum, load) => sum + measure(load) * weight(load), 0) / whole;
}

function added(sum: number[], answers: readonly number[] = []): number[] {
  answers.forEach((count, bucket) => {
    sum[bucket] = (sum[bucket] ?? 0) + count;
  });
  return sum;
}
