import type { Candidate } from "./view.ts";

/**
 * How old the published load of the other acceptors may be and still count, in milliseconds. It is published every
 * 100 ms; twenty missed publications mean that the coordinator is gone, and then an acceptor goes by what it knows
 * itself rather than by a picture of the past.
 */
export const REPORT_TRUSTED_MS = 2_000;

/** Requests outstanding at a server, from all acceptors as far as this one knows. */
export function knownOutstanding(candidate: Candidate): number {
  if (candidate.reportedAgeMs > REPORT_TRUSTED_MS) return candidate.outstanding;
  return candidate.outstanding + candidate.reported;
}
