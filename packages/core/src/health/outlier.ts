/**
 * Which servers of a pool are outliers: too many of a server's requests went wrong, or its answers take much longer than
 * its neighbours'. Only what a pool asks for is looked at, and only servers with requests enough to say something.
 */

import type { PassiveHealth } from "../config/resolved.ts";
import type { EjectionCause } from "./ejection.ts";
import type { OutcomeWindow } from "./outcome-window.ts";

/**
 * Milliseconds by which a slow server's mean is above the pool's median at least. Where answers take a fraction of a
 * millisecond, chance alone makes one server take several times as long as another.
 */
export const LEAST_SLOWNESS_MS = 10;

/** Whether the pool asks for anything that is a share of many requests. */
export function looksForOutliers(policy: PassiveHealth): boolean {
  return policy.errorPercent > 0 || policy.timeoutPercent > 0 || policy.latencyFactor > 0;
}

/** How often to look, in milliseconds: as often as a window moves on. */
export function sweepEveryMs(policy: PassiveHealth): number {
  return policy.windowMs / 10;
}

export interface Outlier {
  readonly cause: EjectionCause;
  /** In words. */
  readonly reason: string;
}

/** @param medianMs answer of `medianMs()` for the server's pool; 0 is not known */
export function outlierOf(
  window: OutcomeWindow,
  medianMs: number,
  policy: PassiveHealth,
  now: number,
): Outlier | undefined {
  const requests = window.requests(now);
  if (requests < policy.minRequests) return undefined;
  const errors = window.errors(now);
  if (exceeds(errors, requests, policy.errorPercent)) {
    return { cause: "errors", reason: `${errors} of ${requests} requests ended in errors` };
  }
  const timeouts = window.timeouts(now);
  if (exceeds(timeouts, requests, policy.timeoutPercent)) {
    return { cause: "timeouts", reason: `${timeouts} of ${requests} requests were not answered in time` };
  }
  const meanMs = window.meanMs(now);
  if (meanMs > slowAboveMs(medianMs, policy)) {
    const reason = `answers take ${rounded(meanMs)} ms, and ${rounded(medianMs)} ms in the median of the pool`;
    return { cause: "slowness", reason };
  }
  return undefined;
}

function exceeds(count: number, requests: number, percent: number): boolean {
  return percent > 0 && count * 100 >= percent * requests;
}

/** Answers that take longer than this are slow ones; infinite where that is not asked for, or there is no median. */
export function slowAboveMs(medianMs: number, { latencyFactor }: PassiveHealth): number {
  if (latencyFactor === 0 || medianMs === 0) return Number.POSITIVE_INFINITY;
  return Math.max(medianMs * latencyFactor, medianMs + LEAST_SLOWNESS_MS);
}

/**
 * The median of the mean answer times of those servers that had requests enough; 0 where fewer than two had. Of an even
 * number the lower one: of two servers, the faster says what is possible.
 */
export function medianMs(windows: readonly OutcomeWindow[], policy: PassiveHealth, now: number): number {
  const means = windows
    .filter((window) => window.requests(now) >= policy.minRequests)
    .map((window) => window.meanMs(now))
    .filter((mean) => mean > 0)
    .sort((a, b) => a - b);
  return means.length < 2 ? 0 : (means[(means.length - 1) >> 1] as number);
}

function rounded(ms: number): number {
  return Number(ms.toPrecision(3));
}
