import { effectiveWeight } from "./effective-weight.ts";
import { lowerOfTwo } from "./lowest.ts";
import type { ChoiceTrace } from "./trace.ts";
import type { Candidate, PoolView } from "./view.ts";

/**
 * Score of a server that has never answered and has a request outstanding: above every measured one (a day of
 * latency times ten thousand outstanding), finite so that two such servers still compare.
 */
export const UNMEASURED_SCORE = 1e12;

/**
 * How long a further request would take there, in milliseconds per weight: the average answer time times the requests
 * that would then be outstanding. As in finagle's PeakEwma a server never measured is asked once, for at 0 it wins
 * every comparison; until that answer is there it loses every one. So a server that turns out to be slow has cost one
 * request and not a burst.
 */
export function peakEwmaScore(candidate: Candidate): number {
  const { latencyMs, outstanding } = candidate;
  const weight = effectiveWeight(candidate);
  if (latencyMs > 0) return (latencyMs * (outstanding + 1)) / weight;
  return outstanding === 0 ? 0 : UNMEASURED_SCORE + outstanding / weight;
}

/** The lower of two draws by expected answer time. The average itself is health/latency.ts. */
export function peakEwma(
  view: PoolView,
  seed: number,
  tried: readonly number[],
  trace: ChoiceTrace | undefined,
): number {
  return lowerOfTwo(view, seed, tried, peakEwmaScore, trace);
}
