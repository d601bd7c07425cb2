import { FIXED } from "@shunt/core";
import type { Exchange } from "../track/exchange.ts";

/**
 * How fast a client sends its content. A window is 30 s in which the client had the turn: the time in which we did not
 * read, because a server was not there yet or took no more, is ours. It is looked at when something has come; silence is
 * the matter of `timeouts.bodyIdleMs`, so who is too slow is found out within a window and that time, without a timer.
 */
export class SendingPace {
  #exchange: Exchange | undefined;
  #turnMs = 0;
  /** `bytesIn` of the exchange when the window began. */
  #before = 0;
  #notedAt = 0;
  #hadTurn = false;

  /** Notes how far the content of `exchange` has come, and whether the client has the turn from now on. */
  note(exchange: Exchange, hasTurn: boolean, now: number): void {
    if (exchange !== this.#exchange) this.#begin(exchange);
    else if (this.#hadTurn) this.#turnMs += now - this.#notedAt;
    this.#notedAt = now;
    // Who waits for 100 (Continue) has not begun.
    this.#hadTurn = hasTurn && exchange.bytesIn > exchange.received.length;
  }

  /** Whether a window has passed in which less came than `perSecond` octets; the next one begins with it. */
  isSlow(perSecond: number): boolean {
    if (this.#turnMs < FIXED.paceMs || this.#exchange === undefined) return false;
    const octets = this.#exchange.bytesIn - this.#before;
    const slow = octets * 1_000 < perSecond * this.#turnMs;
    this.#before = this.#exchange.bytesIn;
    this.#turnMs = 0;
    return slow;
  }

  #begin(exchange: Exchange): void {
    this.#exchange = exchange;
    this.#before = exchange.received.length;
    this.#turnMs = 0;
  }
}
