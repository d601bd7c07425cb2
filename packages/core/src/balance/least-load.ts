import { effectiveWeight } from "./effective-weight.ts";
import { knownOutstanding } from "./load.ts";
import { lowerOfTwo, lowestOfAll } from "./lowest.ts";
import type { ChoiceTrace } from "./trace.ts";
import type { Candidate, PoolView } from "./view.ts";

/** Requests outstanding per weight, those of the other acceptors included as far as they are known (load.ts). */
export function leastLoadScore(candidate: Candidate): number {
  return knownOutstanding(candidate) / effectiveWeight(candidate);
}

/** The least loaded of all by the only acceptor; the less loaded of two draws by one of many (see lowest.ts). */
export function leastLoad(
  view: PoolView,
  seed: number,
  tried: readonly number[],
  trace: ChoiceTrace | undefined,
): number {
  const search = view.acceptors > 1 ? lowerOfTwo : lowestOfAll;
  return search(view, seed, tried, leastLoadScore, trace);
}
