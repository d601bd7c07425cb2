/** A wait that doubles from `baseMs` to `maxMs`. */
export interface BackoffPolicy {
  /** Milliseconds after the first failure; above 0. */
  readonly baseMs: number;
  /** The longest wait in milliseconds; at least `baseMs`. */
  readonly maxMs: number;
}

/**
 * Milliseconds to wait after the `nth` failure in a row, counted from 1. There is no jitter: what follows the wait
 * here is a single probe of each acceptor, and the moments at which acceptors eject a server differ already.
 */
export function backoffMs(nth: number, policy: BackoffPolicy): number {
  // 2 ** 1023 is the last power that is finite; the maximum is reached long before
  return Math.min(policy.baseMs * 2 ** Math.min(nth - 1, 1_000), policy.maxMs);
}
