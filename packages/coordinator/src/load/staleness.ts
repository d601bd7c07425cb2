/**
 * How long an acceptor may be silent before its load no longer counts, in milliseconds. It speaks at least every
 * 300 ms (worker/control/load-reporter.ts), so three signs of life in a row are missing by then.
 */
export const STALE_AFTER_MS = 1_000;

export function isStale(lastHeardAt: number, now: number): boolean {
  return now - lastHeardAt > STALE_AFTER_MS;
}
