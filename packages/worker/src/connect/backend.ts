import {
  type AnnouncedLoad,
  AnswerTimes,
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
  UNBOUNDED,
} from "@shunt/core";
import { Share } from "../select/shares.ts";
import type { ServerConnection } from "./server-connection.ts";

/** Statuses from here on are the server's own failures (RFC 9110 section 15.6). */
const FIRST_ERROR = 500;
/** A server that is asked for little says little; what it has said longer ago is not told others any more. */
const OWN_WORD_MS = 3_000;
/** A word needs so long to come back from the coordinator: report, publication, and a little. */
const OWN_WORD_IS_NEWER_MS = 300;

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
  limit: number;
  /** Of a limit of the whole cluster: its own, and that of its pool. */
  readonly share: Share;
  readonly poolShare: Share;
  outstanding = 0;
  reported = 0;
  reportedAt = 0;
  /** Whether `reported` is to be known here; false: it stays 0. */
  sharesLoad = true;
  /** How loaded the server says that it is, and where it says so; undefined is nowhere. */
  announcedLoad: AnnouncedLoad | undefined;
  announced = 0;
  announcedAt = 0;
  /** Attempts ever made, and ever failed. */
  requests = 0;
  failures = 0;
  /** Responses with a status of 500 or above. */
  errors = 0;
  readonly answers = new AnswerTimes();
  ejection: Ejection;
  /** Connections open or being opened. */
  connections = 0;
  /** Connections that carry nothing at the moment, and are kept for the next request; the one used last at the end. */
  readonly #idle: ServerConnection[] = [];
  /** Those of them that serve one client each, and are kept there; see accept/own-connections.ts. */
  readonly #own = new Set<ServerConnection>();
  #latencyMs = 0;
  #ownWordAt = Number.NEGATIVE_INFINITY;
  #latencyAt = 0;
  readonly #clock: () => number;

  constructor(
    pool: string,
    server: ResolvedServer,
    clock: () => number,
    share: Share = new Share(`${pool}/${server.name}`),
    poolShare: Share = new Share(pool),
  ) {
    this.name = server.name;
    this.pool = pool;
    this.host = server.host;
    this.port = server.port;
    this.weight = server.weight;
    this.state = server.state;
    this.#clock = clock;
    this.ejection = newEjection(clock());
    this.ready = server.state === "ready";
    this.limit = limitOf(server);
    this.share = share;
    this.poolShare = poolShare;
  }

  get room(): number {
    return this.share.room;
  }

  get id(): string {
    return `${this.pool}/${this.name}`;
  }

  get reportedAgeMs(): number {
    return this.#clock() - this.reportedAt;
  }

  get announcedAgeMs(): number {
    return this.#clock() - this.announcedAt;
  }

  get latencyMs(): number {
    return decayedLatency(this.#latencyMs, this.#latencyAt, this.#clock());
  }

  /** What a later snapshot says about the same server. */
  update(server: ResolvedServer): void {
    this.weight = server.weight;
    this.state = server.state;
    this.limit = limitOf(server);
    this.refresh(false);
  }

  /** Counts a request that is to be sent, until it is given back. */
  take(): void {
    this.requests++;
    this.outstanding++;
    this.share.outstanding++;
    this.poolShare.outstanding++;
  }

  giveBack(): void {
    this.outstanding--;
    this.share.outstanding--;
    this.poolShare.outstanding--;
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
  noteAnswer(startedAt: number, status: number): boolean {
    const now = this.#clock();
    if (status >= FIRST_ERROR) this.errors++;
    this.answers.note(now - startedAt);
    this.#latencyMs = observeLatency(this.#latencyMs, this.#latencyAt, now - startedAt, now);
    this.#latencyAt = now;
    const before = this.ejection;
    this.ejection = answered(before, startedAt, now);
    if (before !== this.ejection) this.refresh(false);
    return before.state === "probing" && this.ejection.state === "alive";
  }

  /** What its pool says about whose word counts. What is not to be known any more is forgotten. */
  listen(sharesLoad: boolean, announcedLoad: AnnouncedLoad | undefined): void {
    this.sharesLoad = sharesLoad;
    this.announcedLoad = announcedLoad;
    if (!sharesLoad) this.reported = 0;
    if (announcedLoad === undefined) this.announced = 0;
  }

  /** The server has said in an answer how loaded it is. */
  noteAnnounced(load: number): void {
    this.announced = load;
    this.announcedAt = this.#clock();
    this.#ownWordAt = this.announcedAt;
  }

  /** What the server has said here, for others to hear; undefined when that is too long ago. */
  get ownWord(): number | undefined {
    return this.#clock() - this.#ownWordAt < OWN_WORD_MS ? this.announced : undefined;
  }

  /** What all acceptors have outstanding there less this one, and what the server has said elsewhere. */
  noteReported(outstanding: number, announced: number | undefined): void {
    const now = this.#clock();
    this.reported = this.sharesLoad ? outstanding : 0;
    this.reportedAt = now;
    if (this.announcedLoad === undefined || announced === undefined) return;
    // What it said here a moment ago is not in the table yet.
    if (now - this.#ownWordAt < OWN_WORD_IS_NEWER_MS) return;
    this.announced = announced;
    this.announcedAt = now;
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

/** Of what this acceptor alone has there. A limit of the whole cluster is held by shares. */
function limitOf({ limit }: ResolvedServer): number {
  return limit?.scope === "acceptor" ? limit.outstanding : UNBOUNDED;
}
