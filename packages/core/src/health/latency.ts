/**
 * The average answer time of a server that forgets good days slowly and bad moments not at all: peak-sensitive, as in
 * finagle's PeakEwma. A slower sample is taken over whole, at once; faster ones pull the average down by the time that
 * has passed, for samples come unevenly and their number says nothing.
 */

/** After this many milliseconds without news a latency has lost 63 per cent (finagle's default decay time). */
export const LATENCY_TAU_MS = 10_000;

/** Below the resolution of any clock here; an average is never 0, which means that nothing was measured. */
const SHORTEST_MS = 0.001;

/**
 * The average after one more sample. `previousMs` 0 is no average yet. Times are milliseconds of any one clock; a
 * clock that went back counts as one that stood still.
 */
export function observeLatency(
  previousMs: number,
  previousAt: number,
  sampleMs: number,
  now: number,
  tauMs: number = LATENCY_TAU_MS,
): number {
  if (sampleMs >= previousMs) return Math.max(sampleMs, SHORTEST_MS);
  const kept = remaining(previousAt, now, tauMs);
  return Math.max(previousMs * kept + sampleMs * (1 - kept), SHORTEST_MS);
}

/**
 * What an average is worth now if nothing was heard since. Views are made with it: a server that was slow once and
 * gets no requests for it would otherwise never be asked again. 0 stays 0, nothing measured; all else stays above 0.
 */
export function decayedLatency(
  latencyMs: number,
  observedAt: number,
  now: number,
  tauMs: number = LATENCY_TAU_MS,
): number {
  return latencyMs === 0 ? 0 : Math.max(latencyMs * remaining(observedAt, now, tauMs), SHORTEST_MS);
}

function remaining(since: number, now: number, tauMs: number): number {
  return Math.exp(-Math.max(now - since, 0) / tauMs);
}
