/**
 * Passive ejection: a server that fails the requests it gets is left alone for a while, as one acceptor sees it.
 *
 * alive -> ejected -> probing -> alive | ejected. Only time leaves ejected; only an answer leaves probing.
 *
 * What counts for every pool is what a server does to every request alike: a connection that cannot be established, and
 * an answer that is not HTTP. An error status is an answer, and often one that a client has asked for; a response that is
 * late may be late because of its request. If either counted by itself, one client could take servers away from all
 * others. So these count only for pools that ask for it, as a share of many requests (outlier.ts), and for a bounded
 * share of the pool at a time.
 *
 * Time is an argument, in milliseconds of any one clock that does not go back. The records are immutable; functions
 * return the same record when nothing changed, so that the common case, another answer of a living server, makes none.
 */

import { FAILURE } from "../errors.ts";
import { type BackoffPolicy, backoffMs } from "./backoff.ts";

export type EjectionState = "alive" | "ejected" | "probing";

/** What a server is ejected for: failures in a row, or what it does as a share of its requests. */
export type EjectionCause = "failures" | "errors" | "timeouts" | "slowness";

export type EjectionEvent = "answered" | "failed" | "failed-too-often" | "time-served";

/** Where each event leads. A straggler's answer does not revive an ejected server: it was asked before. */
export const EJECTION_TRANSITIONS = {
  alive: { answered: "alive", failed: "alive", "failed-too-often": "ejected", "time-served": "alive" },
  ejected: {
    answered: "ejected",
    failed: "ejected",
    "failed-too-often": "ejected",
    "time-served": "probing",
  },
  probing: { answered: "alive", failed: "ejected", "failed-too-often": "ejected", "time-served": "probing" },
} as const satisfies Record<EjectionState, Record<EjectionEvent, EjectionState>>;

export interface EjectionPolicy extends BackoffPolicy {
  /** Failures in a row that eject a server; 0 is none. */
  readonly failures: number;
  /** While a server is probed it gets one request in this many milliseconds. */
  readonly probeEveryMs: number;
}

const COUNTED: ReadonlySet<string> = new Set([
  FAILURE.CONNECTION_REFUSED.code,
  FAILURE.CONNECTION_TIMEOUT.code,
  FAILURE.DNS_ERROR.code,
  FAILURE.DESTINATION_IP_UNROUTABLE.code,
  FAILURE.RESPONSE_MALFORMED.code,
]);

/**
 * Whether a failure with this code is one for `failed`. A connection that was established and then closed is not: an
 * idle one that the server closes just as it is reused is no fault, and a crash may be the work of one request.
 */
export function countsAgainstServer(code: string): boolean {
  return COUNTED.has(code);
}

/** One server as one acceptor sees it. */
export interface Ejection {
  readonly state: EjectionState;
  /** When this state began. What was asked before says nothing about it. */
  readonly since: number;
  /** Failures in a row while alive. */
  readonly failures: number;
  /** Ejections in a row: the backoff grows with them. A server that stayed alive for `maxMs` starts anew. */
  readonly ejections: number;
  /** What the last ejection was for; of no meaning before the first. */
  readonly cause: EjectionCause;
  /** Ejected: when probing begins. Probing: when the next probe may go. Alive: of no meaning. */
  readonly until: number;
}

export function newEjection(now: number): Ejection {
  return { state: "alive", since: now, failures: 0, ejections: 0, cause: "failures", until: 0 };
}

/** Whether the server may get a request at `now`: alive, or probing with a probe due. */
export function admits(ejection: Ejection, now: number): boolean {
  return ejection.state === "alive" || (ejection.state === "probing" && now >= ejection.until);
}

/** Lets time pass. To be called before a view is made. */
export function advanced(ejection: Ejection, now: number): Ejection {
  if (ejection.state !== "ejected" || now < ejection.until) return ejection;
  return { ...ejection, state: EJECTION_TRANSITIONS.ejected["time-served"], since: now, until: now };
}

/**
 * A request is about to be sent: a server that is probed gets no second one for a while. The pause is one of time and
 * not of the probe's end, so that a probe that never ends (a tunnel, a client gone) does not keep a server away.
 */
export function requested(ejection: Ejection, now: number, policy: EjectionPolicy): Ejection {
  return ejection.state === "probing" ? { ...ejection, until: now + policy.probeEveryMs } : ejection;
}

/** The server has answered, in a way that does not speak against it. `startedAt`: when the attempt began. */
export function answered(ejection: Ejection, startedAt: number, now: number): Ejection {
  if (startedAt < ejection.since) return ejection;
  const next = EJECTION_TRANSITIONS[ejection.state].answered;
  if (next === ejection.state) return ejection.failures === 0 ? ejection : { ...ejection, failures: 0 };
  return { ...ejection, state: next, since: now, failures: 0 };
}

/**
 * The attempt that began at `startedAt` could not connect, or was answered with what is not HTTP; or it was a probe, and
 * what the server was ejected for has happened to it once more (`cause`).
 *
 * @param mayBeEjected answer of `mayEject`; a server that may not be stays alive, and its next failure asks again
 */
export function failed(
  ejection: Ejection,
  startedAt: number,
  now: number,
  policy: EjectionPolicy,
  mayBeEjected: boolean,
  cause: EjectionCause = "failures",
): Ejection {
  if (startedAt < ejection.since) return ejection;
  const failures = ejection.failures + 1;
  const tooMany = policy.failures > 0 && failures >= policy.failures;
  const event = tooMany && mayBeEjected ? "failed-too-often" : "failed";
  const next = EJECTION_TRANSITIONS[ejection.state][event];
  if (next === "ejected" && ejection.state !== "ejected") return ejected(ejection, cause, now, policy);
  return ejection.state === "alive" ? { ...ejection, failures } : ejection;
}

/** A living server is an outlier of its pool (outlier.ts) and may be ejected for it. */
export function foundOutlier(
  ejection: Ejection,
  cause: EjectionCause,
  now: number,
  policy: EjectionPolicy,
): Ejection {
  return ejection.state === "alive" ? ejected(ejection, cause, now, policy) : ejection;
}

function ejected(from: Ejection, cause: EjectionCause, now: number, policy: EjectionPolicy): Ejection {
  const forgiven = from.state === "alive" && now - from.since >= policy.maxMs;
  const ejections = forgiven ? 1 : from.ejections + 1;
  const until = now + backoffMs(ejections, policy);
  return { state: "ejected", since: now, failures: 0, ejections, cause, until };
}
