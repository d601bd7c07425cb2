import { randomBytes } from "node:crypto";
// The global of this name is looked up by a function of its own each time.
import { performance } from "node:perf_hooks";
import {
  type AcceptorCounters,
  type ExchangeRecord,
  isNewer,
  type PublishedLoad,
  type ResolvedListener,
  SeedSequence,
  type ServerHealth,
  type ServerLoad,
  type SharePublication,
  type ShareReport,
  type Snapshot,
  type SnapshotVersion,
} from "@shunt/core";
import type { Logger } from "pino";
import type { OpenSocket } from "./accept/listener.ts";
import { Peers } from "./accept/peers.ts";
import { Places } from "./accept/places.ts";
import { ProxyEntrance } from "./accept/proxy-entrance.ts";
import { Dispatcher } from "./classify/dispatch.ts";
import type { Backend } from "./connect/backend.ts";
import { ResponseHeads } from "./connect/response-heads.ts";
import { ReadBuffers } from "./io/read-buffers.ts";
import { TimerWheel } from "./io/timer-wheel.ts";
import { Turn } from "./io/turn.ts";
import { AccessLog } from "./observe/access-log.ts";
import { Observer } from "./observe/observer.ts";
import { Selector } from "./select/selector.ts";
import { Shares } from "./select/shares.ts";
import { Service } from "./serve.ts";
import { Recorder } from "./track/recorder.ts";

export type AcceptorState = "starting" | "accepting" | "draining" | "stopped";

export interface AcceptorOptions {
  readonly id: string;
  readonly snapshot: Snapshot;
  readonly log: Logger;
  /** A test hook: heads that hold this text hang the classifier thread that gets them. */
  readonly hangOn?: string | undefined;
}

/** How often an acceptor that drains looks whether it is done. */
const DRAIN_LOOK_MS = 25;
/** How long it accepts on while connections keep coming, which they do where another acceptor shares the port. */
const MOST_QUEUE_MS = 1_000;

/**
 * One acceptor: its listeners, its clients, its server connections.
 * starting -> accepting -> draining -> stopped (docs/lifecycle/acceptor.md).
 */
export class Acceptor {
  #state: AcceptorState = "starting";
  /** What it works by, and the latest generation that it was given. */
  #snapshot: Snapshot;
  #offered: SnapshotVersion;
  readonly #log: Logger;
  readonly #hangOn: string | undefined;
  readonly #clock = (): number => performance.now();
  readonly #peers = new Peers();
  readonly #wheel: TimerWheel;
  readonly #turn: Turn;
  readonly #access: AccessLog;
  readonly #recorder: Recorder;
  readonly #observer: Observer;
  readonly #shares: Shares;
  readonly #selector: Selector;
  readonly #service: Service;
  readonly #entrance: ProxyEntrance;
  readonly #places = new Places((open, listener) => this.#accept(open, listener));
  readonly #heads: ResponseHeads;
  #dispatcher!: Dispatcher;

  constructor({ id, snapshot, log, hangOn }: AcceptorOptions) {
    const { config } = snapshot;
    this.#snapshot = snapshot;
    this.#offered = snapshot;
    this.#log = log;
    this.#hangOn = hangOn;
    this.#peers.trust(config.trust.peers);
    this.#wheel = new TimerWheel(this.#clock, () => this.#tick());
    this.#turn = new Turn(() => this.#endTurn(), this.#clock);
    this.#access = new AccessLog(config.log.access, id);
    this.#recorder = new Recorder(id, config.limits.recentExchanges);
    this.#observer = new Observer(log, this.#access, this.#recorder, this.#clock);
    this.#shares = new Shares(id);
    const seeds = new SeedSequence(randomBytes(4).readUInt32LE());
    this.#selector = new Selector(snapshot, seeds, this.#clock, this.#shares, this.#observer);
    this.#heads = new ResponseHeads(config.limits);
    const shared = { peers: this.#peers, wheel: this.#wheel, readBuffers: new ReadBuffers() };
    this.#service = new Service({
      ...shared,
      dispatcher: () => this.#dispatcher,
      selector: this.#selector,
      turn: this.#turn,
      heads: this.#heads,
      observer: this.#observer,
      clock: this.#clock,
      requestId: requestIds(),
    });
    this.#entrance = new ProxyEntrance({
      ...shared,
      refused: this.#observer.refusedConnections,
      admit: (open, listener, peer) => this.#service.accept(open, listener, peer),
    });
  }

  get state(): AcceptorState {
    return this.#state;
  }

  get connections(): number {
    return this.#service.upkeep.clients.size + this.#entrance.size;
  }

  get exchanges(): number {
    return this.#service.exchanges;
  }

  /** Starts the classifier threads; resolves when they have loaded the rules. */
  async start(): Promise<void> {
    this.#dispatcher = await Dispatcher.start(this.#snapshot, this.#hangOn);
    this.#wheel.start();
  }

  /** Starts accepting on a listening handle. */
  async listen(listener: ResolvedListener, place: number, handle: object): Promise<void> {
    try {
      await this.#places.open(listener, place, handle);
    } catch (cause) {
      throw new Error(`Cannot listen as "${listener.name}"`, { cause });
    }
    this.#places.adopt(this.#snapshot.config.listeners);
    if (this.#state === "starting") this.#state = "accepting";
  }

  unlisten(place: number, mostMs: number): Promise<void> {
    return this.#places.empty(place, mostMs);
  }

  /**
   * Works by another snapshot from now on, once the classifier threads have its rules. Resolves with whether it does: not
   * by one that is no newer, or that another has overtaken. Rejects when the snapshot cannot be used.
   */
  async apply(snapshot: Snapshot): Promise<boolean> {
    if (!isNewer(snapshot, this.#offered)) return false;
    this.#offered = snapshot;
    await this.#dispatcher.adopt(snapshot);
    if (!isNewer(snapshot, this.#snapshot)) return false;
    this.#adopt(snapshot);
    return true;
  }

  /**
   * Everything that is not read from the snapshot of an exchange is told here. What is in flight goes on by the snapshot
   * that it began with.
   */
  #adopt(snapshot: Snapshot): void {
    const { config } = snapshot;
    this.#snapshot = snapshot;
    this.#peers.trust(config.trust.peers);
    this.#places.adopt(config.listeners);
    this.#heads.limits = config.limits;
    this.#recorder.resize(config.limits.recentExchanges);
    this.#selector.adopt(snapshot);
    this.#service.upkeep.adopt(config, this.#peers);
    this.#log.level = config.log.level;
    try {
      this.#access.moveTo(config.log.access);
    } catch (error) {
      this.#log.error({ err: error }, "access log stays where it was");
    }
  }

  applyLoad(acceptors: number, servers: readonly PublishedLoad[]): void {
    this.#selector.applyLoad(acceptors, servers);
  }

  applyHealth(servers: readonly ServerHealth[]): void {
    this.#selector.applyHealth(servers);
  }

  applyShares(grants: SharePublication): void {
    this.#shares.apply(grants, this.#clock());
  }

  reportShares(seq: number): ShareReport {
    return this.#shares.report(seq, this.#clock());
  }

  loads(): readonly ServerLoad[] {
    return Array.from(this.#selector.backends, (backend) => ({
      server: backend.id,
      outstanding: backend.outstanding,
      latencyMs: Math.round(backend.latencyMs * 1_000) / 1_000,
      requests: backend.requests,
      failures: backend.failures,
      connections: backend.connections,
      errors: backend.errors,
      ...(backend.answers.sumMs === 0 ? {} : answerTimesOf(backend)),
      ...(backend.ownWord === undefined ? {} : { announced: backend.ownWord }),
      ejected: backend.ejected,
      ejectedFor: backend.health.ejectedFor,
    }));
  }

  counters(): AcceptorCounters {
    const { batches, inline, stuck } = this.#dispatcher;
    const report = this.#observer.counters.report(
      {
        classifier_batches_total: batches,
        classifier_inline_total: inline,
        classifier_stuck_total: stuck,
        access_log_lines_dropped_total: this.#access.dropped,
        tunnels_refused_total: this.#service.tunnels.refused,
      },
      {
        client_connections: this.connections,
        exchanges: this.exchanges,
        tunnels: this.#service.tunnels.open,
        classifier_backlog_bytes: this.#service.backlog.octets,
        pools_in_panic: this.#selector.poolsInPanic,
      },
    );
    const labelled = { ...report.labelled, share_refused_total: this.#shares.refusedEver };
    return { ...report, labelled };
  }

  recent(limit: number): readonly ExchangeRecord[] {
    return this.#recorder.recent(limit);
  }

  reopenLogs(): void {
    this.#access.reopen();
  }

  /** Stops accepting, finishes what is in flight within `timeouts.drainMs`, then ends what is left. */
  async drain(): Promise<void> {
    if (this.#state === "draining" || this.#state === "stopped") return;
    this.#state = "draining";
    await this.#emptyQueue();
    this.#places.closeAll();
    this.#service.upkeep.drain();
    this.#entrance.drain();
    const end = this.#clock() + this.#snapshot.config.timeouts.drainMs;
    while (this.connections > 0 && this.#clock() < end) await sleep(DRAIN_LOOK_MS);
    this.#entrance.close();
    const { upkeep, admission } = this.#service;
    for (const client of [...upkeep.clients, ...admission.turnedAway]) client.destroy();
    this.#wheel.stop();
    await this.#dispatcher.close();
    await this.#access.close();
    this.#state = "stopped";
  }

  /** What waits in the kernel's queue was let in before: it is taken, and answered. */
  async #emptyQueue(): Promise<void> {
    const { counters } = this.#observer;
    const end = this.#clock() + MOST_QUEUE_MS;
    let accepted: number;
    do {
      accepted = counters.connectionsAccepted;
      await sleep(DRAIN_LOOK_MS);
    } while (counters.connectionsAccepted !== accepted && this.#clock() < end);
  }

  #accept(open: OpenSocket, { name, proxyProtocol }: ResolvedListener): void {
    const { limits, timeouts } = this.#snapshot.config;
    if (this.connections >= limits.connections) {
      this.#refuse(open);
      return;
    }
    this.#observer.counters.connectionsAccepted++;
    if (proxyProtocol) this.#entrance.accept(open, name, timeouts.headMs);
    else this.#service.accept(open, name);
  }

  #refuse(open: OpenSocket): void {
    const socket = open({ buffer: Buffer.alloc(1), callback: () => false });
    this.#observer.refusedConnections.note("connections", this.#peers.of(socket).source.address.text);
    socket.destroy();
  }

  #endTurn(): void {
    if (this.#dispatcher.endTurn()) this.#turn.touch();
  }

  #tick(): void {
    this.#selector.refresh();
    this.#access.flush();
  }
}

function answerTimesOf({ answers }: Backend): Pick<ServerLoad, "answers" | "answerMs"> {
  return { answers: answers.counts, answerMs: Math.round(answers.sumMs) };
}

/** Ids that no other acceptor gives: chance once, then a number. */
function requestIds(): () => string {
  const prefix = randomBytes(9).toString("base64url");
  let number = 0;
  return () => `${prefix}-${(number++).toString(36)}`;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
