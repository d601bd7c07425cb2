/**
 * The two ways to find a server with a low score: look at all of them, or draw two and take the lower.
 *
 * All is best when the scores are true. They are not when several acceptors send to the same servers and know each
 * other's load from a table that is some milliseconds old: all would see the same minimum and send there until the
 * next table comes (Mitzenmacher, "How Useful Is Old Information?", 2000). Two draws keep nearly all of the gain of
 * knowing the loads, and no table, however old, can name one server that everybody picks.
 */

import { draw, fraction } from "../random.ts";
import { effectiveWeight } from "./effective-weight.ts";
import { isEligible } from "./eligibility.ts";
import type { ChoiceTrace } from "./trace.ts";
import type { Candidate, PoolView } from "./view.ts";

/** What is compared; the lowest wins. */
export type Score = (candidate: Candidate, share: number) => number;

/** Passed for a candidate to be left out when none is. */
const NONE = -1;

/**
 * The lowest score of all eligible candidates, or -1. Among equals each wins with a chance in proportion to its weight:
 * the k-th of them replaces the one held with its share of their weights so far (weighted reservoir), so that the
 * place in the list favours nobody.
 *
 * @param share is passed to `score`
 * @param blur requests, at most, by which chance lets a server look fuller than it is
 */
export function lowestOfAll(
  view: PoolView,
  seed: number,
  tried: readonly number[],
  score: Score,
  trace: ChoiceTrace | undefined,
  share = 1,
  blur = 0,
): number {
  let winner = NONE;
  let lowest = Number.POSITIVE_INFINITY;
  let equals = 0;
  let weightOfEquals = 0;
  let eligible = 0;
  for (let i = 0; i < view.candidates.length; i++) {
    if (!isEligible(view, i, tried)) continue;
    const candidate = view.candidates[i] as Candidate;
    let own = score(candidate, share);
    if (blur > 0) own += (blur * fraction(draw(seed, i))) / effectiveWeight(candidate);
    trace?.compare(i, candidate, own);
    eligible++;
    if (own > lowest) continue;
    if (own < lowest) equals = weightOfEquals = 0;
    lowest = own;
    equals++;
    const weight = effectiveWeight(candidate);
    weightOfEquals += weight;
    if (equals === 1 || fraction(draw(seed, i)) * weightOfEquals < weight) winner = i;
  }
  if (winner === NONE) return NONE;
  const reason = eligible === 1 ? "only-one-eligible" : equals > 1 ? "tie-broken-by-seed" : "lowest-score";
  trace?.conclude(winner, view.candidates[winner] as Candidate, lowest, reason);
  return winner;
}

/**
 * The lower of two distinct eligible candidates, or the only one, or -1. Each draw falls on a candidate with a chance
 * in proportion to its weight; the second goes over those that remain, for a server drawn against itself would win
 * without a contest. With equal weights this is finagle's P2CPick, whose second draw steps over the hole that the
 * first has left: every pair is as likely as every other. Between equals the first draw wins, and as it is a draw
 * already, the order of the list has no say.
 */
export function lowerOfTwo(
  view: PoolView,
  seed: number,
  tried: readonly number[],
  score: Score,
  trace: ChoiceTrace | undefined,
): number {
  const first = drawByWeight(view, tried, NONE, fraction(draw(seed, 0)));
  if (first === NONE) return NONE;
  const a = view.candidates[first] as Candidate;
  const scoreA = score(a, 1);
  trace?.compare(first, a, scoreA);
  const second = drawByWeight(view, tried, first, fraction(draw(seed, 1)));
  if (second === NONE) {
    trace?.conclude(first, a, scoreA, "only-one-eligible");
    return first;
  }
  const b = view.candidates[second] as Candidate;
  const scoreB = score(b, 1);
  trace?.compare(second, b, scoreB);
  if (scoreB < scoreA) {
    trace?.conclude(second, b, scoreB, "lowest-score");
    return second;
  }
  trace?.conclude(first, a, scoreA, scoreA < scoreB ? "lowest-score" : "tie-broken-by-seed");
  return first;
}

/** The eligible candidate at `share` (0 .. 1) of all their weights laid end to end, or -1. `leftOut` is not among them. */
function drawByWeight(view: PoolView, tried: readonly number[], leftOut: number, share: number): number {
  let remaining = share * eligibleWeight(view, tried, leftOut);
  let last = NONE;
  for (let i = 0; i < view.candidates.length; i++) {
    if (i === leftOut || !isEligible(view, i, tried)) continue;
    last = i;
    remaining -= effectiveWeight(view.candidates[i] as Candidate);
    if (remaining < 0) break;
  }
  // Rounding may leave a crumb behind the last weight; that crumb is the last candidate's
  return last;
}

function eligibleWeight(view: PoolView, tried: readonly number[], leftOut: number): number {
  let sum = 0;
  for (let i = 0; i < view.candidates.length; i++) {
    if (i !== leftOut && isEligible(view, i, tried)) sum += effectiveWeight(view.candidates[i] as Candidate);
  }
  return sum;
}
