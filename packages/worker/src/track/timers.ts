import type { Exchange } from "./exchange.ts";

/**
 * Where the time of an exchange went, in milliseconds: HAProxy's timers, and two more. -1: that phase never was.
 *
 * TR the head came, Tk it was classified (with its content, where that decides), Tw it waited for those before it, Tc a connection was established, Tr the
 * server answered, To the answer waited for its turn, Td it was handed on, Ta all of it.
 */
export interface Timers {
  TR: number;
  Tk: number;
  Tw: number;
  Tc: number;
  Tr: number;
  To: number;
  Td: number;
  Ta: number;
}

export function newTimers(): Timers {
  return { TR: -1, Tk: -1, Tw: -1, Tc: -1, Tr: -1, To: -1, Td: -1, Ta: -1 };
}

/** The timers of an exchange, in `timers`, which is returned. */
export function timersOf(exchange: Exchange, now: number, timers: Timers = newTimers()): Timers {
  const { beganAt, headAt, classifiedAt, startedAt, connectedAt, answerAt, dueAt } = exchange;
  const leftAt = Math.max(answerAt, dueAt);
  timers.TR = between(beganAt, headAt);
  timers.Tk = between(headAt, classifiedAt);
  timers.Tw = between(classifiedAt, startedAt);
  timers.Tc = between(startedAt, connectedAt);
  timers.Tr = between(connectedAt, answerAt);
  timers.To = answerAt === 0 ? -1 : between(answerAt, leftAt);
  timers.Td = answerAt === 0 ? -1 : between(leftAt, now);
  timers.Ta = between(beganAt, now);
  return timers;
}

function between(from: number, to: number): number {
  return from === 0 || to === 0 ? -1 : Math.round((to - from) * 1_000) / 1_000;
}
