/** What a server begins with: a tenth, as in Envoy. With less it might get nothing, and stay as cold as it is. */
export const FIRST_SHARE = 0.1;

/**
 * The part of its weight that a server counts for, `ageMs` after it became available: from a tenth in a straight line to
 * the whole after `slowStartMs`. A server that was just started has cold caches and code that is not compiled yet; the
 * load of one that is warm would keep it from ever getting there.
 */
export function slowStartShare(ageMs: number, slowStartMs: number): number {
  if (ageMs >= slowStartMs) return 1;
  return FIRST_SHARE + (1 - FIRST_SHARE) * (Math.max(ageMs, 0) / slowStartMs);
}
