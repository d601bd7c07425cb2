import type { Candidate, PoolView } from "./view.ts";

/** Why a server does not take a request now. */
export type Ineligibility = "not-ready" | "at-its-limit" | "at-its-share" | "tried-already";

/** The list of who has not been tried, for first attempts: shared, so that they allocate none. */
export const NOBODY_TRIED: readonly number[] = Object.freeze([]);

/** Whether the candidate may take this request. An index without a candidate may not. */
export function isEligible(view: PoolView, index: number, tried: readonly number[]): boolean {
  const candidate = view.candidates[index];
  return (
    candidate?.ready === true &&
    candidate.outstanding < view.outstandingPerServer &&
    candidate.outstanding < candidate.limit &&
    candidate.room > 0 &&
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
  if (candidate.outstanding >= limitOf(view, candidate)) return "at-its-limit";
  if (candidate.room <= 0) return "at-its-share";
  return tried.includes(index) ? "tried-already" : undefined;
}

/** Most that the candidate may have outstanding from this acceptor. */
export function limitOf(view: PoolView, candidate: Candidate): number {
  return Math.min(view.outstandingPerServer, candidate.limit);
}

/** Whether the pool as a whole may take one more request from this acceptor. */
export function poolHasRoom(view: PoolView): boolean {
  return view.room > 0 && isBelowLimit(view);
}

/** What keeps the pool as a whole from taking a request; undefined while nothing does. For explanations. */
export function poolObstacle(view: PoolView): "pool-at-its-limit" | "pool-at-its-share" | undefined {
  if (!isBelowLimit(view)) return "pool-at-its-limit";
  return view.room > 0 ? undefined : "pool-at-its-share";
}

/** Why nobody of the pool takes a request. Of the servers, what stands in the way of the one that comes nearest to it. */
export type PoolRefusal = Ineligibility | "pool-at-its-limit" | "pool-at-its-share" | "no-servers";

const NEAREST_FIRST = ["tried-already", "at-its-share", "at-its-limit", "not-ready"] as const;

/** For explanations of a request that nobody took. */
export function poolRefusal(view: PoolView, tried: readonly number[]): PoolRefusal {
  const obstacle = poolObstacle(view);
  if (obstacle !== undefined) return obstacle;
  const found = new Set(view.candidates.map((_, index) => ineligibility(view, index, tried)));
  return NEAREST_FIRST.find((reason) => found.has(reason)) ?? "no-servers";
}

function isBelowLimit(view: PoolView): boolean {
  return view.outstandingLimit === 0 || poolOutstanding(view) < view.outstandingLimit;
}

/** Requests outstanding at the pool from this acceptor; those at servers that left readiness count too. */
export function poolOutstanding(view: PoolView): number {
  let sum = 0;
  for (let i = 0; i < view.candidates.length; i++) sum += (view.candidates[i] as Candidate).outstanding;
  return sum;
}
