import type { Exchange } from "../track/exchange.ts";

/** The exchanges of one client connection that are not answered, in the order of their requests. */
export class ExchangeQueue {
  /** Oldest and youngest. */
  first: Exchange | undefined = undefined;
  last: Exchange | undefined = undefined;
  depth = 0;
  /** Exchanges started and not yet answered; and whether one of them suffers no other beside it. */
  active = 0;
  barrier = false;
  /** Response octets held for exchanges that are not due. */
  heldBytes = 0;
  /** One that could start waits for another to be answered. */
  postponed = false;
  /** The oldest that was not started. */
  #unstarted: Exchange | undefined = undefined;

  append(exchange: Exchange): void {
    if (this.last === undefined) this.first = exchange;
    else this.last.next = exchange;
    this.last = exchange;
    this.#unstarted ??= exchange;
    this.depth++;
  }

  /**
   * The next exchange that may start now, in request order; it counts as started (RFC 9112 section 9.3.2).
   * @param mostHeld octets; when so many wait for their turn already, the next would only add to them
   */
  takeStartable(mostHeld: number): Exchange | undefined {
    const exchange = this.#unstarted;
    if (exchange === undefined || (this.active > 0 && (this.barrier || !exchange.parallel))) return undefined;
    if (this.active > 0 && this.heldBytes >= mostHeld) return undefined;
    this.#unstarted = exchange.next;
    this.postponed = false;
    this.active++;
    if (!exchange.parallel) this.barrier = true;
    return exchange;
  }

  /**
   * The exchange just taken waits for another of the queue to be answered; it does not count as started. Returns false
   * when it is the only one that was.
   */
  postpone(exchange: Exchange): boolean {
    if (this.active <= 1) return false;
    this.postponed = true;
    this.#unstarted = exchange;
    this.active--;
    return true;
  }

  /** Takes the oldest exchange off, whose response is complete. */
  shift(): void {
    const exchange = this.first as Exchange;
    this.first = exchange.next;
    if (this.first === undefined) this.last = undefined;
    exchange.next = undefined;
    this.depth--;
    this.active--;
    if (!exchange.parallel) this.barrier = false;
  }

  /** Everybody was given up. */
  clear(): void {
    this.first = undefined;
    this.last = undefined;
    this.postponed = false;
    this.#unstarted = undefined;
    this.depth = 0;
    this.active = 0;
    this.barrier = false;
    this.heldBytes = 0;
  }
}
