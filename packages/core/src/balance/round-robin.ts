import { below, draw, fraction } from "../random.ts";
import { isEligible } from "./eligibility.ts";
import type { ChoiceReason, ChoiceTrace } from "./trace.ts";
import type { Candidate, PoolView } from "./view.ts";

/** Places drawn for a turn whose server is not eligible before the order is searched through. */
const REDRAWS = 8;

/**
 * The server whose turn it is, or -1. The turn of a server that is not eligible goes to a place of the order drawn by
 * the seed, thus to the others in proportion to their weights. Going on to the next place instead would give all of it
 * to one neighbour, who would then carry double until the missing one is back. Where eight draws find nobody, few are
 * left, and the order is searched through from the last draw on.
 *
 * A server in its slow start takes a turn with the chance that its ramp says, but in that search.
 */
export function roundRobin(
  view: PoolView,
  seed: number,
  tried: readonly number[],
  trace: ChoiceTrace | undefined,
): number {
  const order = view.plan.order;
  const due = order[view.turn % order.length] ?? -1;
  if (isEligible(view, due, tried) && takesTurn(view, due, draw(seed, REDRAWS)))
    return conclude(view, due, "its-turn", trace);
  let place = 0;
  for (let i = 0; i < REDRAWS; i++) {
    place = below(draw(seed, i), order.length);
    const drawn = order[place] ?? -1;
    if (isEligible(view, drawn, tried) && takesTurn(view, drawn, draw(seed, REDRAWS + 1 + i)))
      return conclude(view, drawn, "instead-of-the-one-in-turn", trace);
  }
  for (let step = 0; step < order.length; step++) {
    const next = order[(place + step) % order.length] ?? -1;
    if (isEligible(view, next, tried)) return conclude(view, next, "instead-of-the-one-in-turn", trace);
  }
  return -1;
}

function takesTurn(view: PoolView, index: number, drawn: number): boolean {
  const { ramp } = view.candidates[index] as Candidate;
  return ramp >= 1 || fraction(drawn) < ramp;
}

function conclude(
  view: PoolView,
  winner: number,
  reason: ChoiceReason,
  trace: ChoiceTrace | undefined,
): number {
  const candidate = view.candidates[winner] as Candidate;
  trace?.compare(winner, candidate, 0);
  trace?.conclude(winner, candidate, 0, reason);
  return winner;
}
