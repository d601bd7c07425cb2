import { ANSWER_BOUNDS_MS, type ReportedLoad, type ServerLoad, type ServerMeasures } from "@shunt/core";

/** Measures are reported anew within a second of a change, so what has changed since has done so in about that time. */
const MEASURED_WITHIN_MS = 1_100;
const SMOOTHED_OVER_MS = 1_000;
/** After this, nothing has changed: there are no requests. */
const RATE_HOLDS_MS = 2_500;
/** Servers that one acceptor may speak of; far above what a configuration has. */
const MAX_SERVERS = 131_072;

/** What one acceptor reports of one server, with what follows from two reports. */
export interface HeardLoad extends ServerLoad {
  /** When measures came last, in milliseconds. */
  readonly measuredAt: number;
  /** Requests per second, over about a second. */
  readonly rate: number;
  /** Mean time of the answers of about a second, in milliseconds; 0 is none. */
  readonly averageMs: number;
}

const NOTHING: ServerMeasures = {
  latencyMs: 0,
  requests: 0,
  failures: 0,
  connections: 0,
  errors: 0,
  ejected: false,
};

/** Takes a report over into what is known of an acceptor. `changed` is told of each server in it. */
export function takeReport(
  loads: Map<string, HeardLoad>,
  servers: readonly ReportedLoad[],
  now: number,
  changed: (server: string, before: HeardLoad | undefined, after: HeardLoad) => void = () => {},
): void {
  for (const [server, outstanding, measures] of servers) {
    const before = loads.get(server);
    if (before === undefined && loads.size >= MAX_SERVERS) continue;
    const after = heard(server, outstanding, measures, before, now);
    loads.set(server, after);
    changed(server, before, after);
  }
}

/** Requests per second now: none when measures have stopped changing. */
export function rateAt({ rate, measuredAt }: HeardLoad, now: number): number {
  return now - measuredAt > RATE_HOLDS_MS ? 0 : rate;
}

export function answersOf({ answers }: ServerMeasures): number {
  return answers?.reduce((sum, count) => sum + count, 0) ?? 0;
}

function heard(
  server: string,
  outstanding: number,
  measures: ServerMeasures | undefined,
  before: HeardLoad | undefined,
  now: number,
): HeardLoad {
  if (measures === undefined) {
    return { ...(before ?? { ...NOTHING, measuredAt: now, rate: 0, averageMs: 0 }), server, outstanding };
  }
  return { ...measures, server, outstanding, measuredAt: now, ...sinceLast(measures, before, now) };
}

function sinceLast(
  measures: ServerMeasures,
  before: HeardLoad | undefined,
  now: number,
): Pick<HeardLoad, "rate" | "averageMs"> {
  if (before === undefined) return { rate: 0, averageMs: 0 };
  const ms = Math.max(1, Math.min(MEASURED_WITHIN_MS, now - before.measuredAt));
  // Measures come out of turn, too, and some stand for a tenth of a second only.
  const part = 1 - Math.exp(-ms / SMOOTHED_OVER_MS);
  const requests = Math.max(0, measures.requests - before.requests);
  const answers = answersOf(measures) - answersOf(before);
  const averageMs = answers > 0 ? ((measures.answerMs ?? 0) - (before.answerMs ?? 0)) / answers : undefined;
  return {
    rate: before.rate + ((requests * 1_000) / ms - before.rate) * part,
    averageMs: averageMs === undefined ? before.averageMs : smoothed(before.averageMs, averageMs, part),
  };
}

function smoothed(before: number, now: number, part: number): number {
  return before === 0 ? now : before + (now - before) * part;
}

/** Counts of no answers at all. */
export function noAnswers(): number[] {
  return new Array<number>(ANSWER_BOUNDS_MS.length + 1).fill(0);
}
