import type { Candidate, PoolView } from "./view.ts";

/** Why a server does not take a request now. */
export type Ineligibility = "not-ready" | "at-its-limit" | "tried-already";

/** The list of who has not been tried, for first attempts: shared, so that they allocate none. */
export const NOBODY_TRIED: readonly number[] = Object.freeze([]);

/** Whether the candidate may take this request. An index without a candidate may not. */
export function isEligible(view: PoolView, index: number, tried: readonly number[]): boolean {
  const candidate = view.candidates[index];
  return (
    candidate?.ready === true &&
    candidate.outstanding < view.outstandingPerServer &&
    (tried.length === 0 || !tried.includes(index))
  );
}

/** The first reason that holds against a candidate; undefined when it is eligible. For explanations. */
export function ineligibility(
  view: PoolView,
  index: number,
  tried: readonly number[],
): Ineligibility | undefined {
  const candidate = view.candidates[index];
  if (candidate?.ready !== true) return "not-ready";
  if (candidate.outstanding >= view.outstandingPerServer) return "at-its-limit";
  return tried.includes(index) ? "tried-already" : undefined;
}

/** Whether the pool as a whole may take one more request from this acceptor. */
export function poolHasRoom(view: PoolView): boolean {
  return view.outstandingLimit === 0 || poolOutstanding(view) < view.outstandingLimit;
}

/** Requests outstanding at the pool from this acceptor; those at servers that left readiness count too. */
export function poolOutstanding(view: PoolView): number {
  let sum = 0;
  for (let i = 0; i < view.candidates.length; i++) sum += (view.candidates[i] as Candidate).outstanding;
  return sum;
}
