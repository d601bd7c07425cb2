import type { Counters } from "../observe/counters.ts";
import type { Attempt } from "../track/attempt.ts";
import type { Exchange } from "../track/exchange.ts";
import type { Backend } from "./backend.ts";
import { ServerConnection, type ServerConnectionParts } from "./server-connection.ts";

/** Which connection carries an attempt: one to its server that is free, else it is established (claim C10). */
export class Connector {
  readonly #parts: ServerConnectionParts;
  readonly #counters: Counters;

  constructor(parts: ServerConnectionParts, counters: Counters) {
    this.#parts = parts;
    this.#counters = counters;
  }

  connect({ backend, exchange }: Attempt): ServerConnection {
    const bound = exchange.client.own.takeBound(backend);
    if (bound !== undefined) return this.#reused(bound);
    const before = exchange.history.at(-1);
    // A server that closes one of its idle connections often closes all.
    if (before?.stale) return this.#open(backend, exchange);
    const mayShare = backend.sharing.isOn && before === undefined && exchange.parallel;
    return mayShare ? this.#share(backend, exchange) : this.#alone(backend, exchange);
  }

  /** For one that others have held up on its connection: it shares none any more. `broken`: that one was closed. */
  apart({ backend, exchange }: Attempt, broken: boolean): ServerConnection {
    return broken ? this.#open(backend, exchange) : this.#alone(backend, exchange);
  }

  #share(backend: Backend, exchange: Exchange): ServerConnection {
    const { sharing } = backend;
    const { joinable } = sharing;
    if (joinable !== undefined) {
      this.#counters.requestsShared++;
      return joinable;
    }
    const connection = this.#alone(backend, exchange);
    sharing.open(connection);
    return connection;
  }

  #alone(backend: Backend, exchange: Exchange): ServerConnection {
    // One that begins with a PROXY header speaks for the client that stands in it, and for no other.
    const kept = backend.proxyProtocol === "off" ? backend.checkOut() : exchange.client.own.take(backend);
    return kept === undefined ? this.#open(backend, exchange) : this.#reused(kept);
  }

  #reused(connection: ServerConnection): ServerConnection {
    this.#counters.serverConnectionsReused++;
    return connection;
  }

  #open(backend: Backend, { snapshot }: Exchange): ServerConnection {
    this.#counters.serverConnectionsOpened++;
    return new ServerConnection(backend, snapshot.config, this.#parts);
  }
}
