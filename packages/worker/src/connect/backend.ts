import {
  type AnnouncedLoad,
  AnswerTimes,
  averageReported,
  type Candidate,
  decayedLatency,
  type Failure,
  observeLatency,
  type ProxyProtocol,
  type ResolvedHealth,
  type ResolvedServer,
  UNBOUNDED,
} from "@shunt/core";
import { Share } from "../select/shares.ts";
import { BackendHealth, FIRST_ERROR } from "./backend-health.ts";
import type { ServerConnection } from "./server-connection.ts";
import { Sharing } from "./sharing.ts";

/** A server that is asked for little says little; what it has said longer ago is not told others any more. */
const OWN_WORD_MS = 3_000;
/** A word needs so long to come back from the coordinator: report, publication, and a little. */
const OWN_WORD_IS_NEWER_MS = 300;

/**
 * The moment at which servers are compared. It is one for all of them, and read from the clock once: balancers may ask
 * each server of a large pool for the age of what it knows.
 */
export interface Moment {
  now: number;
}

/**
 * One server as this acceptor sees it: its load, its health, its connections. It outlives snapshots as long as the
 * server stays in its pool under the same address, and is a candidate for the balancers as it stands.
 */
export class Backend implements Candidate {
  readonly name: string;
  readonly pool: string;
  readonly host: string;
  readonly port: number;
  /** The PROXY header that connections to it begin with. */
  proxyProtocol: ProxyProtocol = "off";
  readonly health: BackendHealth;
  weight: number;
  ramp = 1;
  ready = false;
  limit: number;
  /** Of a limit of the whole cluster: its own, and that of its pool. */
  readonly share: Share;
  readonly poolShare: Share;
  outstanding = 0;
  reported = 0;
  reportedAverage = 0;
  reportedAt = Number.NEGATIVE_INFINITY;
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
  readonly sharing = new Sharing();
  /** Connections open or being opened. */
  connections = 0;
  /** No snapshot names it any more: what is in flight is finished, and no connection is kept. */
  retired = false;
  /** Connections that carry nothing at the moment, and are kept for the next request; the one used last at the end. */
  readonly #idle: ServerConnection[] = [];
  /** Those of them that serve one client each, and are kept there; see accept/own-connections.ts. */
  readonly #own = new Set<ServerConnection>();
  #configuredWeight: number;
  #latencyMs = 0;
  #ownWordAt = Number.NEGATIVE_INFINITY;
  #latencyAt = 0;
  readonly #clock: () => number;
  readonly #moment: Readonly<Moment>;

  constructor(
    pool: string,
    server: ResolvedServer,
    clock: () => number,
    share: Share = new Share(`${pool}/${server.name}`),
    poolShare: Share = new Share(pool),
    moment: Readonly<Moment> = momentOf(clock),
  ) {
    this.name = server.name;
    this.pool = pool;
    this.host = server.host;
    this.port = server.port;
    this.weight = server.weight;
    this.#configuredWeight = server.weight;
    this.#clock = clock;
    this.#moment = moment;
    this.health = new BackendHealth(server.state, clock());
    this.limit = limitOf(server);
    this.share = share;
    this.poolShare = poolShare;
    this.refresh();
  }

  get room(): number {
    return this.share.room;
  }

  get id(): string {
    return `${this.pool}/${this.name}`;
  }

  get reportedAgeMs(): number {
    return this.#moment.now - this.reportedAt;
  }

  get announcedAgeMs(): number {
    return this.#moment.now - this.announcedAt;
  }

  get latencyMs(): number {
    return decayedLatency(this.#latencyMs, this.#latencyAt, this.#moment.now);
  }

  /** What a later snapshot says about the same server. */
  update(server: ResolvedServer, health: ResolvedHealth): void {
    this.#configuredWeight = server.weight;
    this.limit = limitOf(server);
    this.health.update(server.state, health, this.#clock());
    this.refresh();
  }

  /** It was not there before: its weight rises as its pool says. */
  startSlowly(): void {
    this.health.startSlowly(this.#clock());
    this.refresh();
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

  /** Lets time pass, and takes over what its health says. */
  refresh(): void {
    const now = this.#clock();
    this.health.advance(now);
    this.#follow(now);
  }

  /** Whether it takes a request of a client that it holds something for. */
  get takesBound(): boolean {
    return this.health.takesBound(this.#clock());
  }

  /** A request is about to be sent. */
  noteRequest(): void {
    if (this.health.ejection.state !== "probing") return;
    const now = this.#clock();
    this.health.requested(now);
    this.#follow(now);
  }

  /** A well-formed head of a response came, of an attempt that began at `startedAt`. Returns whether it revived the server. */
  noteAnswer(startedAt: number, status: number, now: number = this.#clock()): boolean {
    if (status >= FIRST_ERROR) this.errors++;
    this.answers.note(now - startedAt);
    this.#latencyMs = observeLatency(this.#latencyMs, this.#latencyAt, now - startedAt, now);
    this.#latencyAt = now;
    const before = this.health.ejection;
    const revived = this.health.answered(startedAt, now - startedAt, status, now);
    if (before !== this.health.ejection) this.#follow(now);
    return revived;
  }

  /** What its pool says about whose word counts. What is not to be known any more is forgotten. */
  listen(sharesLoad: boolean, announcedLoad: AnnouncedLoad | undefined): void {
    this.sharesLoad = sharesLoad;
    this.announcedLoad = announcedLoad;
    if (!sharesLoad) this.reported = this.reportedAverage = 0;
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
    if (this.sharesLoad) {
      this.reportedAverage = averageReported(this.reportedAverage, outstanding, now - this.reportedAt);
      this.reported = outstanding;
      this.reportedAt = now;
    }
    if (this.announcedLoad === undefined || announced === undefined) return;
    // What it said here a moment ago is not in the table yet.
    if (now - this.#ownWordAt < OWN_WORD_IS_NEWER_MS) return;
    this.announced = announced;
    this.announcedAt = now;
  }

  /** An attempt failed. Returns whether the server was ejected for it; one that is probed in vain stays so. */
  noteFailure(failure: Failure, startedAt: number, mayBeEjected: boolean): boolean {
    this.failures++;
    const now = this.#clock();
    const ejected = this.health.failed(failure, startedAt, now, mayBeEjected);
    this.#follow(now);
    return ejected;
  }

  get ejected(): boolean {
    return this.health.ejection.state !== "alive";
  }

  /** Balancers read these with every request, so they stand there as they are now. */
  #follow(now: number): void {
    this.ready = this.health.takes(now);
    this.ramp = this.health.shareAt(now);
    this.weight = this.#configuredWeight * this.ramp;
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
    if (this.retired || this.#idleCount >= most) return false;
    this.#idle.push(connection);
    return true;
  }

  /** Counts a connection that one client keeps for its next request; returns false when there are `most` already. */
  checkInOwn(connection: ServerConnection, most: number): boolean {
    if (this.retired || this.#idleCount >= most) return false;
    this.#own.add(connection);
    return true;
  }

  /** It was removed, or is at another address now. */
  retire(): void {
    this.retired = true;
    for (const connection of [...this.#idle, ...this.#own]) connection.destroy();
  }

  /** Forgets an idle connection that closed, or that its client uses again. */
  forget(connection: ServerConnection): void {
    if (this.#own.delete(connection)) return;
    const at = this.#idle.lastIndexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }
}

/** Of a server that is compared with no other: each moment is one. */
function momentOf(clock: () => number): Readonly<Moment> {
  return {
    get now(): number {
      return clock();
    },
  };
}

/** Of what this acceptor alone has there. A limit of the whole cluster is held by shares. */
function limitOf({ limit }: ResolvedServer): number {
  return limit?.scope === "acceptor" ? limit.outstanding : UNBOUNDED;
}
