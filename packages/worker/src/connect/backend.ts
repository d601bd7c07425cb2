import {
  admits,
  advanced,
  answered,
  type Candidate,
  countsAgainstServer,
  DEFAULT_EJECTION,
  decayedLatency,
  type Ejectable,
  type Ejection,
  type Failure,
  failed,
  newEjection,
  observeLatency,
  type ProxyProtocol,
  type ResolvedServer,
  requested,
  type ServerState,
} from "@shunt/core";
import type { ServerConnection } from "./server-connection.ts";

/**
 * One server as this acceptor sees it: its load, its health, its connections. It outlives snapshots as long as the
 * server stays in its pool under the same address, and is a candidate for the balancers as it stands.
 */
export class Backend implements Candidate, Ejectable {
  readonly name: string;
  readonly pool: string;
  readonly host: string;
  readonly port: number;
  /** The PROXY header that connections to it begin with. */
  proxyProtocol: ProxyProtocol = "off";
  weight: number;
  state: ServerState;
  ready: boolean;
  outstanding = 0;
  reported = 0;
  reportedAt = 0;
  /** Attempts ever made, and ever failed. */
  requests = 0;
  failures = 0;
  ejection: Ejection;
  /** Connections open or being opened. */
  connections = 0;
  /** Connections that carry nothing at the moment, and are kept for the next request; the one used last at the end. */
  readonly #idle: ServerConnection[] = [];
  /** Those of them that serve one client each, and are kept there; see accept/own-connections.ts. */
  readonly #own = new Set<ServerConnection>();
  #latencyMs = 0;
  #latencyAt = 0;
  readonly #clock: () => number;

  constructor(pool: string, server: ResolvedServer, clock: () => number) {
    this.name = server.name;
    this.pool = pool;
    this.host = server.host;
    this.port = server.port;
    this.weight = server.weight;
    this.state = server.state;
    this.#clock = clock;
    this.ejection = newEjection(clock());
    this.ready = server.state === "ready";
  }

  get id(): string {
    return `${this.pool}/${this.name}`;
  }

  get reportedAgeMs(): number {
    return this.#clock() - this.reportedAt;
  }

  get latencyMs(): number {
    return decayedLatency(this.#latencyMs, this.#latencyAt, this.#clock());
  }

  /** What a later snapshot says about the same server. */
  update(server: ResolvedServer): void {
    this.weight = server.weight;
    this.state = server.state;
    this.refresh(false);
  }

  /** Lets time pass for an ejected server. `ignored`: no server of its pool is alive, so ejections do not count. */
  refresh(ignored: boolean): void {
    const now = this.#clock();
    this.ejection = advanced(this.ejection, now);
    this.ready = this.state === "ready" && (ignored || admits(this.ejection, now));
  }

  /** A request is about to be sent. */
  noteRequest(): void {
    if (this.ejection.state !== "probing") return;
    this.ejection = requested(this.ejection, this.#clock(), DEFAULT_EJECTION);
    this.refresh(false);
  }

  /** A well-formed head of a response came, of an attempt that began at `startedAt`. Returns whether it revived the server. */
  noteAnswer(startedAt: number): boolean {
    const now = this.#clock();
    this.#latencyMs = observeLatency(this.#latencyMs, this.#latencyAt, now - startedAt, now);
    this.#latencyAt = now;
    const before = this.ejection;
    this.ejection = answered(before, startedAt, now);
    if (before !== this.ejection) this.refresh(false);
    return before.state === "probing" && this.ejection.state === "alive";
  }

  /** An attempt failed. Returns whether the server was ejected for it; one that is probed in vain stays so. */
  noteFailure(failure: Failure, startedAt: number, mayBeEjected: boolean): boolean {
    this.failures++;
    if (!countsAgainstServer(failure.code)) return false;
    const before = this.ejection.state;
    this.ejection = failed(this.ejection, startedAt, this.#clock(), DEFAULT_EJECTION, mayBeEjected);
    this.refresh(false);
    return before === "alive" && this.ejection.state === "ejected";
  }

  get ejected(): boolean {
    return this.ejection.state !== "alive";
  }

  /** The connection that was used last, if one is idle: the others may then grow old and close. */
  checkOut(): ServerConnection | undefined {
    return this.#idle.pop();
  }

  get #idleCount(): number {
    return this.#idle.length + this.#own.size;
  }

  /** Keeps a connection for the next request; returns false when there are `most` already. */
  checkIn(connection: ServerConnection, most: number): boolean {
    if (this.#idleCount >= most) return false;
    this.#idle.push(connection);
    return true;
  }

  /** Counts a connection that one client keeps for its next request; returns false when there are `most` already. */
  checkInOwn(connection: ServerConnection, most: number): boolean {
    if (this.#idleCount >= most) return false;
    this.#own.add(connection);
    return true;
  }

  /** Forgets an idle connection that closed, or that its client uses again. */
  forget(connection: ServerConnection): void {
    if (this.#own.delete(connection)) return;
    const at = this.#idle.lastIndexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }
}
