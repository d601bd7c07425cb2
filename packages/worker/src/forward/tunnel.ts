import type { ResponseHead } from "@shunt/core";
import { ClientConnection } from "../accept/client-connection.ts";
import { deliver, isFull } from "../respond/delivery.ts";
import { composeResponseHead } from "../respond/response-writer.ts";
import type { Attempt } from "../track/attempt.ts";
import type { Exchange } from "../track/exchange.ts";

const NOTHING = new Uint8Array(0);

/**
 * Connections that speak another protocol from a 101 on (RFC 9110 section 7.8). An upgrade is a barrier: nothing is
 * owed before it, so octets pass as they come. The tunnel counts as load of its server while it lasts.
 */
export class Tunnels {
  readonly #over: (exchange: Exchange, ended: string) => void;

  readonly #clock: () => number;

  constructor(clock: () => number, over: (exchange: Exchange, ended: string) => void) {
    this.#clock = clock;
    this.#over = over;
  }

  /** The server agreed; `rest` are its first octets of the other protocol. */
  upgraded(attempt: Attempt, head: ResponseHead, rest: Uint8Array): void {
    const { exchange } = attempt;
    const { client } = exchange;
    exchange.answers(head.status, this.#clock());
    deliver(exchange, composeResponseHead(exchange, head, NOTHING).octets);
    deliver(exchange, Buffer.from(rest));
    client.tunnel = attempt;
    client.becomeTunnel();
    if (client.halfClosed) this.clientEnded(client);
  }

  tunnelled(from: ClientConnection | Attempt, octets: Uint8Array): void {
    if (from instanceof ClientConnection) this.#toServer(from, octets);
    else this.#toClient(from, octets);
  }

  /** The server sent FIN. */
  tunnelEnded(attempt: Attempt): void {
    attempt.exchange.client.outbox.end();
    attempt.serverEnded = true;
    this.#endIfDone(attempt);
  }

  /** The client sent FIN. */
  clientEnded(client: ClientConnection): void {
    const { tunnel } = client;
    tunnel?.connection?.end(() => this.#endIfDone(tunnel));
  }

  /** Both sides have ended, and all that the client sent has left; what the server sent leaves as the client reads it. */
  #endIfDone(attempt: Attempt): void {
    if (attempt.serverEnded && attempt.connection?.sentAll) this.#over(attempt.exchange, "--");
  }

  #toServer(client: ClientConnection, octets: Uint8Array): void {
    const attempt = client.tunnel;
    if (attempt === undefined) return;
    attempt.exchange.bytesIn += octets.length;
    // A copy: they lie in the buffer that all connections read into, and leave with the end of this turn.
    client.contentBlocked = attempt.connection?.send(Buffer.from(octets)) === false;
    client.regulate();
  }

  #toClient(attempt: Attempt, octets: Uint8Array): void {
    deliver(attempt.exchange, Buffer.from(octets));
    if (isFull(attempt.exchange)) attempt.connection?.pause();
  }
}
