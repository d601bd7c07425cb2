/** A server as its checks see it: it changes sides when enough of them in a row say so. */

import type { ActiveHealth } from "../config/resolved.ts";

export interface CheckState {
  readonly healthy: boolean;
  /** Checks in a row that said otherwise. */
  readonly against: number;
  /** In words: why it is on this side. */
  readonly reason: string;
}

/** A server that was never checked takes requests: else a pool would serve nobody until its first checks are done. */
export const UNCHECKED: CheckState = Object.freeze({ healthy: true, against: 0, reason: "not checked yet" });

export interface CheckResult {
  readonly passed: boolean;
  /** In words: what was found. */
  readonly found: string;
}

/** Returns the same record when nothing changed. */
export function afterCheck(
  state: CheckState,
  { passed, found }: CheckResult,
  { rise, fall }: Pick<ActiveHealth, "rise" | "fall">,
): CheckState {
  if (passed === state.healthy) return state.against === 0 ? state : { ...state, against: 0 };
  const against = state.against + 1;
  if (against < (passed ? rise : fall)) return { ...state, against };
  return {
    healthy: passed,
    against: 0,
    reason: `${inARow(against)} ${passed ? "passed" : "failed"}: ${found}`,
  };
}

/** Of a server that was just added there is nothing to hold against its first check. */
export function afterFirstCheck({ passed, found }: CheckResult): CheckState {
  return { healthy: passed, against: 0, reason: `its first check ${passed ? "passed" : "failed"}: ${found}` };
}

function inARow(checks: number): string {
  return checks === 1 ? "a check" : `${checks} checks in a row`;
}
