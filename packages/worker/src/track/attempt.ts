import type { Backend } from "../connect/backend.ts";
import type { ServerConnection } from "../connect/server-connection.ts";
import type { Exchange } from "./exchange.ts";

/**
 * One try of an exchange at one server. It is the ticket that its load is counted by: taken when the server is
 * selected, settled exactly once, on whichever path it ends.
 */
export class Attempt {
  readonly exchange: Exchange;
  readonly backend: Backend;
  readonly seed: number;
  readonly spilled: boolean;
  /** Candidates that were compared and their scores, alternating: index, score, index, score ... */
  readonly compared: readonly number[];
  readonly startedAt: number;
  connection: ServerConnection | undefined = undefined;
  /** Its connection had carried another exchange before: the server may have been closing it. */
  onReused = false;
  /** It failed because its connection, kept from an earlier exchange, was closed: that says nothing about the server. */
  stale = false;
  /** It failed before anything of the request had left. */
  unsent = false;
  /** Others were asked before it on its connection, and were not answered yet. */
  joined = false;
  /** It was sent again on a connection of its own; see MoveReason. */
  moved = false;
  /** Its client is gone: the answer, for which others wait behind it, is thrown away. */
  unwanted = false;
  /** The attempt behind it on its connection, if several share that. */
  behind: Attempt | undefined = undefined;
  /** How often its connection had been flushed when the head went into it. */
  flushesBefore = 0;
  /** The server has ended its side of the tunnel. */
  serverEnded = false;
  /** A code of FAILURE when it failed. */
  failure: string | undefined = undefined;
  #settled = false;

  constructor(
    exchange: Exchange,
    backend: Backend,
    seed: number,
    spilled: boolean,
    compared: readonly number[],
    now: number,
  ) {
    this.exchange = exchange;
    this.backend = backend;
    this.seed = seed;
    this.spilled = spilled;
    this.compared = compared;
    this.startedAt = now;
    backend.take();
  }

  /** Gives the load back. Safe to call on every path out: only the first call counts. */
  settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.backend.giveBack();
  }
}
