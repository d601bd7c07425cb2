import { FIXED } from "@shunt/core";
import type { Turn } from "../io/turn.ts";
import type { ServerConnection } from "./server-connection.ts";

/** Waiting that nobody notices: milliseconds, and of the time that an answer takes anyway. */
const UNNOTICED_MS = 1;
const UNNOTICED_PART = 1 / 4;
/** Of all requests those that may be held up by others on their connection: few enough to leave the 99th percentile alone. */
const HELD_UP = 1 / 200;
/** So many requests may be held up in a row, where none was for long. */
const MOST_CREDIT = 32;
/** Where others could join, one in so many connections carries a single request: what one takes alone is measured now. */
const ALONE_ONCE_IN = 16;
/** Of a new time against those before it. */
const NEW_TIME = 1 / 8;
/** So many times as far from the mean as usual is no chance any more (as in RFC 6298). */
const DEVIATIONS = 4;
/** Full connections whose times are looked at together, since one alone may have had bad luck. */
const LOOKED_AT = 8;
/** How far the wait between two trials grows, in answers, at a server that is too slow for two. */
const MOST_PATIENCE = 4_096;

/**
 * How many safe requests may ride together on one connection to a server: they leave in one turn of the loop as one write,
 * and are answered one behind the other.
 *
 * They may where nobody notices: where the last of them has its answer, in the mean, hardly later than one that rides
 * alone, at the same time and under the same load. Then one more may ride; else half as many (AIMD, Chiu and Jain 1989). Whatever the
 * server does, no more than HELD_UP of its requests are held up; and where two are too many, the next trial waits, twice
 * as long each time.
 */
export class Sharing {
  /** 1: each request has a connection of its own. */
  depth = 1;
  /** Its pool says so. */
  isOn = false;
  /** What an answer takes to a request that rides alone, and how far from it most of them are. */
  #aloneMs = 0;
  #isMeasured = false;
  #deviationMs = 0;
  /** Full connections that were answered since the depth changed, and their times together. */
  #full = 0;
  #fullMs = 0;
  /** It was seen to answer otherwise than it was asked. */
  #distrusted = false;
  #joined: ServerConnection | undefined;
  #opened = 0;
  #credit = MOST_CREDIT;
  /** What was sent before this turn was sent by a depth that is known to be too much. */
  #cutInTurn = -1;
  /** Answers to requests that ride alone until two may, and how many it takes since two were too many. */
  #missing = 1;
  #patience = 1;

  /** The connection that a request of this turn may join. */
  get joinable(): ServerConnection | undefined {
    const joined = this.#joined;
    return joined?.takesAnother(this.depth) ? joined : undefined;
  }

  /** It was taken for a request that others may join. */
  open(connection: ServerConnection): void {
    const isAlone = this.depth === 1 || ++this.#opened % ALONE_ONCE_IN === 0;
    this.#joined = isAlone ? undefined : connection;
  }

  /** All of `size` requests that left in a turn are answered. `sentAt`: when the first of them was begun. */
  answered(size: number, sentInTurn: number, sentAt: number, turn: Turn): void {
    const ms = turn.startedAt - sentAt;
    this.#credit = Math.min(this.#credit + size * HELD_UP, MOST_CREDIT);
    // A server, or a machine, that stalls once is not slow: what is far out counts as far out as is usual.
    const counted = Math.min(ms, this.longMs);
    if (!this.#isMeasured) this.#noteFirst(ms);
    else if (size === 1) this.#noteAlone(counted);
    else if (size >= this.depth && sentInTurn >= this.#cutInTurn) this.#noteFull(counted, turn);
    if (this.depth === 1 && --this.#missing <= 0) this.#grow();
  }

  /** Longer than an answer takes by chance. */
  get longMs(): number {
    return 2 * this.#unnoticedMs + DEVIATIONS * this.#deviationMs;
  }

  get #unnoticedMs(): number {
    return this.#aloneMs * (1 + UNNOTICED_PART) + UNNOTICED_MS;
  }

  #noteFull(ms: number, turn: Turn): void {
    this.#fullMs += ms;
    this.#full++;
    if (this.#fullMs > LOOKED_AT * this.#unnoticedMs) this.#cut(turn);
    else if (this.#full >= LOOKED_AT) this.#grow();
  }

  /** So many requests were held up. Of what left by the depth that was cut already, nothing new is learnt. */
  heldUp(requests: number, sentInTurn: number, turn: Turn): void {
    this.#credit -= requests;
    if (sentInTurn >= this.#cutInTurn) this.#cut(turn);
  }

  /** It sent octets that were no answer to what it was asked: nobody shares a connection to it any more. */
  distrust(): void {
    this.#distrusted = true;
    this.depth = 1;
  }

  #cut(turn: Turn): void {
    this.#cutInTurn = turn.number;
    if (this.depth === 2) this.#patience = Math.min(2 * this.#patience, MOST_PATIENCE);
    this.#set(Math.max(1, this.depth >> 1));
  }

  #grow(): void {
    if (this.#distrusted || this.#credit <= 0) return;
    // Two were not too many.
    if (this.depth === 2) this.#patience = 1;
    this.#set(Math.min(this.depth + 1, FIXED.sharedDepth));
  }

  #set(depth: number): void {
    this.depth = depth;
    this.#missing = this.#patience;
    this.#full = 0;
    this.#fullMs = 0;
  }

  /** As in RFC 6298. */
  #noteFirst(ms: number): void {
    this.#isMeasured = true;
    this.#aloneMs = ms;
    this.#deviationMs = ms / 2;
  }

  #noteAlone(ms: number): void {
    const away = ms - this.#aloneMs;
    this.#aloneMs += away * NEW_TIME;
    this.#deviationMs += (Math.abs(away) - this.#deviationMs) * NEW_TIME;
  }
}
