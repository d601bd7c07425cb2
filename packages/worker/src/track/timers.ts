import type { Exchange } from "./exchange.ts";

/**
 * Where the time of an exchange went, in milliseconds: HAProxy's timers, and two more. -1: that phase never was.
 *
 * TR the head came, Tk it was classified (with its content, where that decides), Tw it waited for those before it, Tc a connection was established, Tr the
 * server answered, To the answer waited for its turn, Td it was handed on, Ta all of it.
 */
export interface Timers {
  readonly TR: number;
  readonly Tk: number;
  readonly Tw: number;
  readonly Tc: number;
  readonly Tr: number;
  readonly To: number;
  readonly Td: number;
  readonly Ta: number;
}

export function timersOf(exchange: Exchange, now: number): Timers {
  const { beganAt, headAt, classifiedAt, startedAt, connectedAt, answerAt, dueAt } = exchange;
  const leftAt = Math.max(answerAt, dueAt);
  return {
    TR: between(beganAt, headAt),
    Tk: between(headAt, classifiedAt),
    Tw: between(classifiedAt, startedAt),
    Tc: between(startedAt, connectedAt),
    Tr: between(connectedAt, answerAt),
    To: answerAt === 0 ? -1 : between(answerAt, leftAt),
    Td: answerAt === 0 ? -1 : between(leftAt, now),
    Ta: between(beganAt, now),
  };
}

function between(from: number, to: number): number {
  return from === 0 || to === 0 ? -1 : Math.round((to - from) * 1_000) / 1_000;
}
