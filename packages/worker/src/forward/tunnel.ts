import { HEAD_FLAG, type ResponseHead } from "@shunt/core";
import { ClientConnection } from "../accept/client-connection.ts";
import { Deadline, type TimerWheel } from "../io/timer-wheel.ts";
import { deliver, isFull } from "../respond/delivery.ts";
import { composeResponseHead } from "../respond/response-writer.ts";
import type { Attempt } from "../track/attempt.ts";
import type { Exchange } from "../track/exchange.ts";

const NOTHING = new Uint8Array(0);
/** The proxy ended it, in the middle; see respond/ending.ts. */
const TIME_IS_UP = "PD";

export interface TunnelParts {
  readonly wheel: TimerWheel;
  /** Milliseconds of a monotonic clock. */
  readonly clock: () => number;
}

/**
 * Connections that speak another protocol from a 101 on (RFC 9110 section 7.8). An upgrade is a barrier: nothing is
 * owed before it, so octets pass as they come. The tunnel counts as load of its server while it lasts.
 */
export class Tunnels {
  /** Requests for an upgrade that were not let through. */
  refused = 0;
  /** Those that a server was asked for or has agreed to: each may be open at any moment, so each counts. */
  readonly #admitted = new Set<Exchange>();
  /** Those that are open, with the end of their time. */
  readonly #open = new Map<Exchange, Deadline>();
  readonly #wheel: TimerWheel;
  readonly #clock: () => number;
  readonly #over: (exchange: Exchange, ended: string) => void;

  constructor(
    { wheel, clock }: TunnelParts,
    /** A tunnel is to end; `ended` is for the log. */
    over: (exchange: Exchange, ended: string) => void,
  ) {
    this.#wheel = wheel;
    this.#clock = clock;
    this.#over = over;
  }

  get open(): number {
    return this.#open.size;
  }

  /** Whether the request may ask a server for an upgrade; it counts until it is settled. Every other request may. */
  admits(exchange: Exchange): boolean {
    if (!exchange.has(HEAD_FLAG.UPGRADE)) return true;
    if (this.#admitted.size >= exchange.snapshot.config.limits.tunnels) {
      this.refused++;
      return false;
    }
    this.#admitted.add(exchange);
    return true;
  }

  /** The exchange is settled: as a tunnel that has ended, or by another answer. */
  settled(exchange: Exchange): void {
    if (!this.#admitted.delete(exchange)) return;
    this.#open.get(exchange)?.clear();
    this.#open.delete(exchange);
  }

  /** The server agreed; `rest` are its first octets of the other protocol. */
  upgraded(attempt: Attempt, head: ResponseHead, rest: Uint8Array): void {
    const { exchange } = attempt;
    const { client } = exchange;
    exchange.answers(head.status, this.#clock());
    deliver(exchange, composeResponseHead(exchange, head, NOTHING).octets);
    deliver(exchange, Buffer.from(rest));
    client.tunnel = attempt;
    this.#open.set(exchange, this.#lifetimeOf(exchange));
    client.becomeTunnel();
    if (client.halfClosed) this.clientEnded(client);
  }

  #lifetimeOf(exchange: Exchange): Deadline {
    const lifetime = new Deadline(this.#wheel, () => this.#over(exchange, TIME_IS_UP));
    lifetime.set(exchange.snapshot.config.timeouts.tunnelMs);
    return lifetime;
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
