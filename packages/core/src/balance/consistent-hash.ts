/**
 * Consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam 2016, arXiv:1608.01350). Each server owns
 * the stretches of a ring that end at its points (plan.ts); a request goes to the owner of its place, unless that owner
 * holds more than its bounded share of all requests outstanding: then to the next on the ring who does not.
 *
 * A server in its slow start takes a part of what it owns that grows with its ramp. Which part is said by the affinity:
 * so every user moves to it once, and back to nobody.
 */

import { draw, fraction } from "../random.ts";
import { isEligible } from "./eligibility.ts";
import { NO_AFFINITY } from "./hash.ts";
import { knownOutstanding } from "./load.ts";
import type { ChoiceTrace } from "./trace.ts";
import type { BalancePlan, Candidate, PoolView } from "./view.ts";

/**
 * A server may hold this many times its fair share. At 1.25 it is never a quarter above; nearer to 1 more requests
 * leave their owner, further away a popular owner suffers more.
 */
export const HASH_BOUND_FACTOR = 1.25;

/** The nearest eligible server on the ring below its bound, from the place of `affinity` on; or -1. */
export function consistentHash(
  view: PoolView,
  seed: number,
  affinity: number,
  tried: readonly number[],
  trace: ChoiceTrace | undefined,
): number {
  const perWeight = boundPerWeight(view, tried);
  if (perWeight === 0) return -1;
  const place = affinity === NO_AFFINITY ? draw(seed, 0) : affinity;
  const found = ownerOf(view, place, perWeight, tried, true, trace);
  return found >= 0 ? found : ownerOf(view, place, perWeight, tried, false, trace);
}

/** `ramped`: who is in a slow start takes a part only of what it owns. */
function ownerOf(
  view: PoolView,
  place: number,
  perWeight: number,
  tried: readonly number[],
  ramped: boolean,
  trace: ChoiceTrace | undefined,
): number {
  const { ringPoints, ringOwners } = view.plan;
  const start = firstPointFrom(view.plan, place);
  for (let step = 0; step < ringPoints.length; step++) {
    const owner = ringOwners[(start + step) % ringPoints.length] as number;
    if (!isEligible(view, owner, tried)) continue;
    const candidate = view.candidates[owner] as Candidate;
    if (ramped && candidate.ramp < 1 && fraction(draw(place, owner)) >= candidate.ramp) continue;
    const score = shareOfBound(candidate, perWeight);
    if (trace?.has(owner) === false) trace.compare(owner, candidate, score);
    if (score >= 1) continue;
    trace?.conclude(owner, candidate, score, step === 0 ? "owner-on-the-ring" : "next-on-the-ring");
    return owner;
  }
  return -1;
}

/** What a server holds, in parts of what it may hold; below 1 it has room for one more. */
export function shareOfBound(candidate: Candidate, perWeight: number): number {
  return knownOutstanding(candidate) / Math.ceil(perWeight * candidate.weight);
}

/**
 * Requests that an eligible server may hold for each unit of its weight, this request counted in; 0 when nobody is
 * eligible. Bounds rounded up add to at least 1.25 times of what is to be held, so somebody always has room.
 */
export function boundPerWeight(view: PoolView, tried: readonly number[]): number {
  let weight = 0;
  let held = 0;
  for (let i = 0; i < view.candidates.length; i++) {
    if (!isEligible(view, i, tried)) continue;
    const candidate = view.candidates[i] as Candidate;
    weight += candidate.weight;
    held += knownOutstanding(candidate);
  }
  return weight === 0 ? 0 : (HASH_BOUND_FACTOR * (held + 1)) / weight;
}

/** Index of the first point at or above `place`; their number when there is none, where the ring closes. */
function firstPointFrom(plan: BalancePlan, place: number): number {
  const points = plan.ringPoints;
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((points[middle] as number) < place) low = middle + 1;
    else high = middle;
  }
  return low;
}
