import { randomInt } from "node:crypto";
import {
  type CoordinatorMessage,
  encodeLine,
  isNewer,
  MAX_LINE_BYTES,
  type Publication,
  type Snapshot,
  type SnapshotVersion,
  serverNames,
} from "@shunt/core";
import type { Logger } from "pino";
import type { ControlledAcceptor } from "./controlled.ts";
import { LoadReporter } from "./load-reporter.ts";
import { OwnReports } from "./own-reports.ts";
import type { Transport } from "./transport.ts";

const LOAD_EVERY_MS = 100;
const STATUS_EVERY_MS = 1_000;

export interface BusClientOptions {
  readonly transport: Transport;
  readonly id: string;
  readonly host: string;
  readonly version: string;
  /** The snapshot that the acceptor started with. */
  readonly snapshot: Snapshot;
  readonly acceptor: ControlledAcceptor;
  readonly log: Logger;
  /** The acceptor works by another snapshot from now on. */
  readonly onAdopted: (snapshot: Snapshot) => void;
}

/**
 * This acceptor's end of the state bus: what it says and when, and what it does with what it is told. Coordinators that
 * are away are no reason to serve less: the client says so once, and tells everything anew when they are back.
 */
export class BusClient {
  readonly #options: BusClientOptions;
  readonly #reporter = new LoadReporter();
  readonly #own = new OwnReports();
  #snapshot: SnapshotVersion;
  /** Of its servers, in the order in which their loads are published. */
  #servers: readonly string[];
  /** Begins anywhere: what answers a report of a former life under the same name must not be taken for ours. */
  #seq = randomInt(2 ** 40);
  #saidLost = false;
  #losses = 0;
  #timers: NodeJS.Timeout[] = [];
  readonly #heard = Promise.withResolvers<void>();

  constructor(options: BusClientOptions) {
    this.#options = options;
    this.#snapshot = options.snapshot;
    this.#servers = serverNames(options.snapshot.config);
  }

  /** Resolves when a coordinator has spoken, which it does to those who have said hello. Never, where there is none. */
  get heard(): Promise<void> {
    return this.#heard.promise;
  }

  start(): void {
    this.#timers = [
      setInterval(() => this.#reportLoad(), LOAD_EVERY_MS),
      setInterval(() => this.reportStatus(), STATUS_EVERY_MS),
    ];
    for (const timer of this.#timers) timer.unref();
    this.#options.transport.open({
      onOpen: () => this.#opened(),
      onMessage: (message) => this.#handle(message),
      onLost: (reason) => this.#lost(reason),
    });
  }

  /** Says the last word about counters and leaves; resolves when it was handed to the kernel or cannot be. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#reportLoad();
    this.reportStatus();
    await this.#options.transport.close();
  }

  #opened(): void {
    if (this.#saidLost) this.#options.log.info("state bus is back");
    this.#saidLost = false;
    this.#tellAll();
  }

  #tellAll(): void {
    const { id, host, version, transport } = this.#options;
    this.#reporter.forget();
    const { term, generation } = this.#snapshot;
    transport.send({ kind: "hello", acceptor: id, host, pid: process.pid, term, generation, version });
    this.reportStatus();
    this.#reportLoad();
  }

  #lost(reason: string): void {
    if (this.#saidLost) return;
    this.#saidLost = true;
    this.#losses += 1;
    this.#options.log.warn({ reason }, "state bus is away, serving on with the last snapshot");
  }

  #handle(message: CoordinatorMessage): void {
    const { acceptor } = this.#options;
    this.#heard.resolve();
    switch (message.kind) {
      case "snapshot":
        void this.#apply(message.snapshot);
        break;
      case "load":
        this.#applyLoad(message);
        break;
      case "health":
        acceptor.applyHealth(message.servers);
        break;
      case "shares":
        acceptor.applyShares(message);
        break;
      case "get-recent":
        this.#answerRecent(message.request, message.limit);
        break;
      case "tell-all":
        this.#tellAll();
        break;
      default:
        message satisfies never;
    }
  }

  /** One that cannot be used is not held: that is seen by what is reported. */
  async #apply(snapshot: Snapshot): Promise<void> {
    if (!isNewer(snapshot, this.#snapshot)) return;
    const { term, generation } = snapshot;
    const { acceptor, log, onAdopted } = this.#options;
    try {
      if (!(await acceptor.apply(snapshot))) return;
    } catch (error) {
      log.error({ err: error, term, generation }, "snapshot refused, serving on with the last one");
      return;
    }
    this.#snapshot = { term, generation };
    this.#servers = serverNames(snapshot.config);
    this.reportStatus();
    onAdopted(snapshot);
  }

  /** One that is about the servers of another snapshot is left alone: ours, or the next table, comes in a moment. */
  #applyLoad(message: Extract<Publication, { kind: "load" }>): void {
    const { included, outstanding, announced } = message;
    if (!isSame(message, this.#snapshot)) return;
    const { id, acceptor } = this.#options;
    const seq = included[id];
    const acceptors = Object.keys(included).length + (seq === undefined ? 1 : 0);
    const ofOthers = this.#servers.map((server, index) => ({
      server,
      outstanding: Math.max(0, (outstanding[index] ?? 0) - this.#own.partOf(server, seq)),
      announced: announced[index],
    }));
    acceptor.applyLoad(acceptors, ofOthers);
  }

  /** Fewer exchanges rather than a line that the coordinator would have to refuse. */
  #answerRecent(request: number, limit: number): void {
    let exchanges = this.#options.acceptor.recent(limit);
    const tooLong = (): boolean =>
      Buffer.byteLength(encodeLine({ kind: "recent", request, exchanges })) > MAX_LINE_BYTES / 2;
    while (exchanges.length > 0 && tooLong()) exchanges = exchanges.slice(0, exchanges.length >> 1);
    this.#options.transport.send({ kind: "recent", request, exchanges });
  }

  #reportLoad(): void {
    const { acceptor, transport } = this.#options;
    if (!transport.canSend) return;
    const servers = this.#reporter.next(acceptor.loads());
    const seq = this.#seq + 1;
    const report = acceptor.reportShares(seq);
    if (servers === undefined && report.shares.length === 0) return;
    this.#seq = seq;
    this.#own.note(seq, servers ?? []);
    transport.send({ kind: "load", seq, servers: servers ?? [], ...report });
  }

  /** Says at once what would be said within a second: for changes that others wait for. */
  reportStatus(): void {
    const { acceptor, transport } = this.#options;
    if (!transport.canSend) return;
    const { state, connections, exchanges } = acceptor;
    const own = acceptor.counters();
    const ofBus = transport.counters();
    const counters = {
      ...own,
      counters: { ...own.counters, state_bus_losses_total: this.#losses },
      gauges: { ...own.gauges, state_bus_connected: 1, ...ofBus.gauges },
      labelled: { ...own.labelled, ...ofBus.labelled },
    };
    const { term, generation } = this.#snapshot;
    transport.send({ kind: "status", state, term, generation, connections, exchanges, counters });
  }
}

function isSame(version: SnapshotVersion, other: SnapshotVersion): boolean {
  return version.term === other.term && version.generation === other.generation;
}
