import { effectiveWeight } from "./effective-weight.ts";
import { lowerOfTwo } from "./lowest.ts";
import type { ChoiceTrace } from "./trace.ts";
import type { Candidate, PoolView } from "./view.ts";

/** Requests of this acceptor outstanding per weight. */
export function p2cScore(candidate: Candidate): number {
  return candidate.outstanding / effectiveWeight(candidate);
}

/**
 * The power of two choices (Mitzenmacher 2001) on what this acceptor knows first hand: right where nobody publishes
 * load, or where the published load would be too old to be of use.
 */
export function p2c(
  view: PoolView,
  seed: number,
  tried: readonly number[],
  trace: ChoiceTrace | undefined,
): number {
  return lowerOfTwo(view, seed, tried, p2cScore, trace);
}
