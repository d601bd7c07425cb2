import { type DataPlaneConfig, FIXED, HEAD_FLAG } from "@shunt/core";
import type { Exchange } from "../track/exchange.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { Peers } from "./peers.ts";
import { timeLimit } from "./time-limit.ts";

/** What becomes of client connections between and behind their exchanges: they are read on, waited for, closed. */
export class Upkeep {
  readonly clients = new Set<ClientConnection>();
  draining = false;
  readonly #heads: (client: ClientConnection) => void;

  /** `heads`: unread octets begin with a head. */
  constructor(heads: (client: ClientConnection) => void) {
    this.#heads = heads;
  }

  /** Reads on behind what was read: the next head, or nothing more, and then the connection closes. */
  proceed(client: ClientConnection): void {
    if (client.phase === "heads") {
      if (client.lastRequestSeen) client.consume(client.unread.length);
      client.passOverEmptyLines();
      if (!client.partial) this.#heads(client);
      if (client.isOver) client.close();
    }
    client.regulate();
    this.watch(client);
  }

  /** Every client is read, or not, by what holds now. */
  regulate(): void {
    for (const client of this.clients) client.regulate();
  }

  /** Sets the time limit for what is waited for now. */
  watch(client: ClientConnection): void {
    const ms = timeLimit(client);
    if (ms !== undefined) client.expect(ms);
  }

  /** The client connection cannot carry another request behind this response. */
  mustClose(exchange: Exchange): boolean {
    if (!exchange.has(HEAD_FLAG.PERSISTENT) || !exchange.contentSent) return true;
    const { client } = exchange;
    return (this.draining || client.leaving) && client.asksNoMoreThan(exchange);
  }

  /** A new snapshot holds. */
  adopt(config: DataPlaneConfig, peers: Peers): void {
    for (const client of this.clients) {
      client.adopt(config, peers);
      client.own.closeRetired();
      if (client.leaving) this.#endUnused(client);
    }
  }

  /** Each next response says that its connection ends; connections that were never used end soon. */
  drain(): void {
    this.draining = true;
    for (const client of this.clients) this.#endUnused(client);
  }

  #endUnused(client: ClientConnection): void {
    if (client.isIdle && client.requests === 0) client.expect(FIXED.drainUnusedMs);
  }
}
