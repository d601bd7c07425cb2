import { effectiveWeight } from "./effective-weight.ts";
import { isEligible } from "./eligibility.ts";
import { knownOutstanding, usualOfOthers } from "./load.ts";
import { lowerOfTwo, lowestOfAll } from "./lowest.ts";
import type { ChoiceTrace } from "./trace.ts";
import type { Candidate, PoolView } from "./view.ts";

/**
 * Up to so many acceptors, whole requests of each fill what the others leave, and stay so: the spread is that of one
 * acceptor alone. More of them would all round to the same side: half a request of chance keeps them apart.
 */
const FEW_TO_ROUND = 16;
const BLUR = 0.5;

/**
 * One of more acceptors than this that has less outstanding than that for each server knows too little of its own, and
 * compares two draws. All that have so little would find the same servers empty, and the same one of them the lowest in
 * the table.
 */
const FEW_TO_HERD = 8;
const OWN_PER_SERVER = 0.25;

/** Requests outstanding per weight, those of the other acceptors included as far as they are known (load.ts). */
export function leastLoadScore(candidate: Candidate): number {
  return knownOutstanding(candidate) / effectiveWeight(candidate);
}

/** The same with the acceptor's `share` of what the others usually have there. */
function shareScore(candidate: Candidate, share: number): number {
  return (candidate.outstanding + share * usualOfOthers(candidate)) / effectiveWeight(candidate);
}

/**
 * The least loaded of all by the only acceptor. One of many lays out its own requests evenly, for those it knows exactly,
 * and besides corrects its share of what is uneven among the others: if each does that, all of it is corrected and not
 * many times as much. For that it looks at what they have there on average over a second, not at the last table: where
 * single requests of others are now, nobody can know who is told ten times a second. One of many that has next to nothing
 * outstanding itself compares two draws (see lowest.ts).
 */
export function leastLoad(
  view: PoolView,
  seed: number,
  tried: readonly number[],
  trace: ChoiceTrace | undefined,
): number {
  if (view.acceptors <= 1) return lowestOfAll(view, seed, tried, leastLoadScore, trace);
  const share = shareOfAll(view, tried);
  if (share === 0) return lowerOfTwo(view, seed, tried, leastLoadScore, trace);
  const blur = view.acceptors > FEW_TO_ROUND ? BLUR : 0;
  return lowestOfAll(view, seed, tried, shareScore, trace, share, blur);
}

/** What `leastLoad` compares the candidates by, but for the chance in it. For explanations. */
export function leastLoadScorer(view: PoolView, tried: readonly number[]): (candidate: Candidate) => number {
  const share = view.acceptors <= 1 ? 0 : shareOfAll(view, tried);
  return share === 0 ? leastLoadScore : (candidate) => shareScore(candidate, share);
}

/**
 * The part of all requests outstanding at the eligible servers that are this acceptor's, the one at hand included; 0 when
 * they are too few to go by.
 */
function shareOfAll(view: PoolView, tried: readonly number[]): number {
  let own = 0;
  let others = 0;
  let eligible = 0;
  for (let i = 0; i < view.candidates.length; i++) {
    if (!isEligible(view, i, tried)) continue;
    const candidate = view.candidates[i] as Candidate;
    eligible++;
    own += candidate.outstanding;
    others += usualOfOthers(candidate);
  }
  if (view.acceptors > FEW_TO_HERD && own < OWN_PER_SERVER * eligible) return 0;
  return (own + 1) / (own + 1 + others);
}
