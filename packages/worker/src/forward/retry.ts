import { type Failure, HEAD_FLAG } from "@shunt/core";
import type { Attempt } from "../track/attempt.ts";

/** Retries that are always allowed, however few requests there are. */
const FLOOR = 10;
/** The window over which requests are counted for the budget, in milliseconds. */
const WINDOW_MS = 10_000;

/** Keeps retries a share of the requests, so that they cannot multiply the load on servers that already fail. */
export class RetryBudget {
  #retries = 0;
  #since = 0;
  #requestsBefore = 0;

  /** Takes retries from the budget of the running window; false when none are left. `requests`: how many there ever were. */
  take(budgetPercent: number, requests: number, now: number, retries = 1): boolean {
    if (now - this.#since > WINDOW_MS) {
      this.#since = now;
      this.#retries = 0;
      this.#requestsBefore = requests;
    }
    if (this.#retries >= FLOOR + ((requests - this.#requestsBefore) * budgetPercent) / 100) return false;
    this.#retries += retries;
    return true;
  }
}

/**
 * Whether sending the request again can do no harm: nothing of it had left, or its method is idempotent; no octet of
 * a response was relayed; and all content that was sent is still there (RFC 9110 section 9.2.2). Never behind a
 * response timeout: the server may still be at work on it.
 */
export function mayRetry(attempt: Attempt, failure: Failure): boolean {
  const { exchange } = attempt;
  if (failure.retry === "never" || exchange.headSent || exchange.bytesOut > 0) return false;
  const safe = failure.retry === "unsent" || attempt.unsent || exchange.has(HEAD_FLAG.IDEMPOTENT);
  if (!safe) return false;
  return !exchange.has(HEAD_FLAG.CONTENT) || exchange.replay !== undefined;
}
