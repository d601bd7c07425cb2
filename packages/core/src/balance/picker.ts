/**
 * How a server of a pool is chosen. Every balancer is a pure function in a file of its own; to add one, write it and
 * list it in `pick` and `scorer`. They run once per request on the acceptor's loop: plain loops, nothing allocated.
 */

import { boundPerWeight, consistentHash, shareOfBound } from "./consistent-hash.ts";
import { poolHasRoom, poolObstacle } from "./eligibility.ts";
import { leastLoad, leastLoadScorer } from "./least-load.ts";
import { p2c, p2cScore } from "./p2c.ts";
import { peakEwma, peakEwmaScore } from "./peak-ewma.ts";
import { roundRobin } from "./round-robin.ts";
import type { ChoiceTrace } from "./trace.ts";
import type { Candidate, PoolView } from "./view.ts";

/**
 * Index of the candidate that takes the request; -1 when nobody may, and the caller decides between the spill pool
 * and 503. Never throws, provided that the plan was made for these candidates.
 *
 * @param seed all chance there is, unsigned 32 bit (random.ts)
 * @param affinity who or what the request belongs to (affinity.ts); only `hash` looks at it
 * @param tried indices of the servers that have had this request already
 * @param trace is written over with what was compared and why it ended so
 */
export function choose(
  view: PoolView,
  seed: number,
  affinity: number,
  tried: readonly number[],
  trace?: ChoiceTrace,
): number {
  trace?.reset();
  if (poolHasRoom(view)) return pick(view, seed, affinity, tried, trace);
  if (trace !== undefined) trace.reason = poolObstacle(view) ?? trace.reason;
  return -1;
}

function pick(
  view: PoolView,
  seed: number,
  affinity: number,
  tried: readonly number[],
  trace: ChoiceTrace | undefined,
): number {
  switch (view.balance) {
    case "least-load":
      return leastLoad(view, seed, tried, trace);
    case "p2c":
      return p2c(view, seed, tried, trace);
    case "peak-ewma":
      return peakEwma(view, seed, tried, trace);
    case "round-robin":
      return roundRobin(view, seed, tried, trace);
    case "hash":
      return consistentHash(view, seed, affinity, tried, trace);
    default:
      return view.balance satisfies never;
  }
}

/**
 * What the view's balancer compares its candidates by, the lowest first; undefined for round-robin, which compares
 * nothing. For explanations: `choose` does not go through it.
 */
export function scorer(
  view: PoolView,
  tried: readonly number[],
): ((candidate: Candidate) => number) | undefined {
  switch (view.balance) {
    case "least-load":
      return leastLoadScorer(view, tried);
    case "p2c":
      return p2cScore;
    case "peak-ewma":
      return peakEwmaScore;
    case "round-robin":
      return undefined;
    case "hash": {
      const perWeight = boundPerWeight(view, tried);
      return perWeight === 0 ? undefined : (candidate) => shareOfBound(candidate, perWeight);
    }
    default:
      return view.balance satisfies never;
  }
}
