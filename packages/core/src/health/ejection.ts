/**
 * Passive ejection: a server that fails the requests it gets is left alone for a while, as one acceptor sees it.
 *
 * alive -> ejected -> probing -> alive | ejected. Only time leaves ejected; only an answer leaves probing.
 *
 * What counts is what a server does to every request alike: a connection that cannot be established, and an answer
 * that is not HTTP. Nothing else is told to this module. An error status is an answer, and often one that a client has
 * asked for; a response that is late may be late because of its request. If either counted, one client could take
 * servers away from all others.
 *
 * Time is an argument, in milliseconds of any one clock that does not go back. The records are immutable; functions
 * return the same record when nothing changed, so that the common case, another answer of a living server, makes none.
 */

import type { ServerState } from "../config/resolved.ts";
import { FAILURE } from "../errors.ts";
import { type BackoffPolicy, backoffMs } from "./backoff.ts";

export type EjectionState = "alive" | "ejected" | "probing";

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
  /** Failures in a row that eject a server; 1 or above. */
  readonly failures: number;
  /** While a server is probed it gets one request in this many milliseconds. */
  readonly probeEveryMs: number;
}

/**
 * Five failures in a row, as in Envoy and finagle: chance seldom does that, and five retries are a small price. The
 * first second costs little when the guess was wrong; a minute is how late a return is noticed at the most.
 */
export const DEFAULT_EJECTION: EjectionPolicy = Object.freeze({
  failures: 5,
  baseMs: 1_000,
  maxMs: 60_000,
  probeEveryMs: 1_000,
});

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
  /** Ejected: when probing begins. Probing: when the next probe may go. Alive: of no meaning. */
  readonly until: number;
}

export function newEjection(now: number): Ejection {
  return { state: "alive", since: now, failures: 0, ejections: 0, until: 0 };
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

/** The head of a response was received and is well-formed, whatever its status. `startedAt`: when the attempt began. */
export function answered(ejection: Ejection, startedAt: number, now: number): Ejection {
  if (startedAt < ejection.since) return ejection;
  const next = EJECTION_TRANSITIONS[ejection.state].answered;
  if (next === ejection.state) return ejection.failures === 0 ? ejection : { ...ejection, failures: 0 };
  return { ...ejection, state: next, since: now, failures: 0 };
}

/**
 * The attempt that began at `startedAt` could not connect, or was answered with what is not HTTP.
 *
 * @param mayBeEjected answer of `mayEject`; a server that may not be stays alive, and its next failure asks again
 */
export function failed(
  ejection: Ejection,
  startedAt: number,
  now: number,
  policy: EjectionPolicy,
  mayBeEjected: boolean,
): Ejection {
  if (startedAt < ejection.since) return ejection;
  const failures = ejection.failures + 1;
  const event = failures >= policy.failures && mayBeEjected ? "failed-too-often" : "failed";
  const next = EJECTION_TRANSITIONS[ejection.state][event];
  if (next === "ejected" && ejection.state !== "ejected") return ejected(ejection, now, policy);
  return ejection.state === "alive" ? { ...ejection, failures } : ejection;
}

function ejected(from: Ejection, now: number, policy: EjectionPolicy): Ejection {
  const forgiven = from.state === "alive" && now - from.since >= policy.maxMs;
  const ejections = forgiven ? 1 : from.ejections + 1;
  return { state: "ejected", since: now, failures: 0, ejections, until: now + backoffMs(ejections, policy) };
}

/** What is asked of a server's neighbours before it is ejected. */
export interface Ejectable {
  readonly state: ServerState;
  readonly ejection: Ejection;
}

/**
 * Whether the server may be ejected: only when another server of its pool is ready and alive. One that is being probed
 * does not count; it is not known to answer.
 */
export function mayEject(servers: readonly Ejectable[], index: number): boolean {
  for (let i = 0; i < servers.length; i++) {
    if (i !== index && isAlive(servers[i] as Ejectable)) return true;
  }
  return false;
}

/**
 * Whether ejections are to be ignored for now, and every server whose state is `ready` gets requests: none of them is
 * alive. It comes to that without ejecting a last one, when the operator drains or removes those that were left.
 */
export function ejectionsIgnored(servers: readonly Ejectable[]): boolean {
  return !servers.some(isAlive);
}

function isAlive(server: Ejectable): boolean {
  return server.state === "ready" && server.ejection.state === "alive";
}
