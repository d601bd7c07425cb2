import type { Candidate } from "./view.ts";

/**
 * How old the published load of the other acceptors may be and still count, in milliseconds. It is published every
 * 100 ms; twenty missed publications mean that the coordinator is gone, and then an acceptor goes by what it knows
 * itself rather than by a picture of the past.
 */
export const REPORT_TRUSTED_MS = 2_000;

/**
 * How many times faster a report fades than the server's peak-sensitive answer time says, for that stands well above
 * the mean. Found by simulation (test/simulation): from 2 to 4 least-load is ahead of two draws on own counts alone
 * with 2 to 16 acceptors and answers of 10 ms to 1 s; at 1, and with no fading at all, answers that are shorter than
 * the table is old make it herd, and the p99 doubles.
 */
const REPORT_FADING = 4;

/**
 * Requests outstanding at a server, from all acceptors as far as this one can know: its own, and those of the others
 * that were reported and are likely not answered yet. A request is answered sooner or later by the server's answer
 * time; so of a report that is old by that measure little is left, and one of a server that takes seconds counts
 * nearly in full.
 */
export function knownOutstanding(candidate: Candidate): number {
  return candidate.reported === 0
    ? candidate.outstanding
    : candidate.outstanding + candidate.reported * likelyUnanswered(candidate);
}

/** In so many milliseconds an average of reports comes 63 per cent nearer to what is reported. */
const AVERAGED_OVER_MS = 1_000;

/** What the other acceptors usually have outstanding at a server: the average of what was reported in about a second. */
export function usualOfOthers(candidate: Candidate): number {
  if (candidate.reportedAverage === 0) return 0;
  return candidate.reportedAgeMs > REPORT_TRUSTED_MS ? 0 : candidate.reportedAverage;
}

/** The average when `reported` is told `elapsedMs` after the last report; the first one is the average. */
export function averageReported(average: number, reported: number, elapsedMs: number): number {
  if (elapsedMs > REPORT_TRUSTED_MS) return reported;
  return reported + (average - reported) * Math.exp(-elapsedMs / AVERAGED_OVER_MS);
}

function likelyUnanswered({ reportedAgeMs, latencyMs }: Candidate): number {
  if (reportedAgeMs > REPORT_TRUSTED_MS) return 0;
  return latencyMs === 0 ? 1 : Math.exp((-REPORT_FADING * reportedAgeMs) / latencyMs);
}
