import type { Candidate } from "./view.ts";

/** What a server that says it is full keeps of its weight: it still gets something, or nobody would hear that it is free. */
export const FULL_SERVER_SHARE = 0.05;

/**
 * In so many milliseconds a server's word about itself loses 63 per cent of what it counts. A server that is avoided for
 * its word says nothing new; so it comes back by and by, and is heard.
 */
export const ANNOUNCED_FADING_MS = 5_000;

/**
 * The weight of a server, less what it says that it is loaded with. Balancers that compare loads divide by it and draw by
 * it: a server that says 0.75 gets about a quarter of what it would get otherwise.
 */
export function effectiveWeight(candidate: Candidate): number {
  const { weight, announced } = candidate;
  // Most servers say nothing: their age is not asked for, which would read the clock.
  if (announced === 0) return weight;
  const believed = announced * Math.exp(-candidate.announcedAgeMs / ANNOUNCED_FADING_MS);
  return weight * Math.max(FULL_SERVER_SHARE, 1 - believed);
}
