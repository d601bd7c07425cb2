import { flushCompileCache } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type AcceptorNotice,
  decodeSupervisorMessage,
  type HostPart,
  type Snapshot,
  type SupervisorMessage,
} from "@shunt/core";
import { type Logger, pino } from "pino";
import { BusClient } from "./bus-client.ts";
import type { ControlledAcceptor } from "./controlled.ts";
import { LastKnownGood } from "./last-known-good.ts";
import type { Transport } from "./transport.ts";
import { UnixTransport } from "./unix-transport.ts";

/** Exit codes of sysexits.h: the supervisor replaces the process whatever it says, people read it in the log. */
const EXIT_INTERNAL_ERROR = 70;
const EXIT_USAGE = 64;
/** Who was asked to end ends, though no successor comes in this time. */
const SUCCESSOR_WITHIN_MS = 30_000;
/** Who accepts says so to the supervisor, though no coordinator has heard of it in this time: there may be none. */
const HEARD_WITHIN_MS = 500;

export interface AcceptorProcessOptions {
  readonly version: string;
  readonly create: (options: { id: string; snapshot: Snapshot; log: Logger }) => ControlledAcceptor;
}

/**
 * Makes this process an acceptor under a supervisor, which speaks over the IPC channel of the fork: `start`, then
 * `listen` with a handle for each listener, then `drain`. In between listeners may come and go. SIGTERM asks it to leave:
 * it accepts on until the supervisor, which starts its successor, has it drain.
 * The supervisor's end is no event: the acceptor serves on until somebody asks it to drain.
 */
export function runAcceptorProcess(options: AcceptorProcessOptions): void {
  if (process.send === undefined) {
    process.stderr.write("This is a part of Shunt that the supervisor starts: run `shunt up -c FILE`.\n");
    process.exit(EXIT_USAGE);
  }
  const running = new AcceptorProcess(options);
  process.on("message", (message, handle) => running.receive(message, handle));
  process.on("SIGTERM", () => running.leave());
  // A Ctrl-C reaches the whole group of processes; draining is the supervisor's to order.
  process.on("SIGINT", () => {});
  process.on("SIGHUP", () => {});
  process.on("SIGUSR2", () => running.reopenLogs());
  process.on("disconnect", () => running.orphaned());
  process.on("uncaughtException", (error) => running.crashed(error));
}

class AcceptorProcess {
  readonly #options: AcceptorProcessOptions;
  #log: Logger = pino({ name: "acceptor" }, pino.destination({ fd: 2, sync: true }));
  #acceptor: ControlledAcceptor | undefined;
  #bus: BusClient | undefined;
  /** Orders are obeyed one after the other, in the order in which they came. */
  #orders: Promise<void> = Promise.resolve();
  #leaving = false;
  #draining = false;
  #hasFailed = false;

  constructor(options: AcceptorProcessOptions) {
    this.#options = options;
  }

  receive(message: unknown, handle: unknown): void {
    this.#orders = this.#orders.then(() => this.#obey(decodeSupervisorMessage(message), handle));
    // Behind an order that failed no other is obeyed: the first failure is told, and the process ends.
    this.#orders.catch((error: unknown) => this.#failed(error));
  }

  /** Whoever asks twice, or when there is nobody who could start a successor, wants no accepting in between. */
  leave(): void {
    if (this.#leaving || !process.connected) {
      this.drain();
      return;
    }
    this.#leaving = true;
    tell({ kind: "leaving" });
    setTimeout(() => this.drain(), SUCCESSOR_WITHIN_MS).unref();
  }

  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#end().catch((error: unknown) => this.crashed(error));
  }

  reopenLogs(): void {
    this.#acceptor?.reopenLogs();
  }

  orphaned(): void {
    if (this.#draining) return;
    if (this.#leaving) this.drain();
    else this.#log.warn("the supervisor is gone, serving on until the next one asks to drain");
  }

  crashed(error: unknown): void {
    this.#log.fatal({ err: error }, "acceptor crashed");
    process.exit(EXIT_INTERNAL_ERROR);
  }

  async #obey(message: SupervisorMessage, handle: unknown): Promise<void> {
    switch (message.kind) {
      case "start":
        return this.#start(message);
      case "listen":
        return this.#listen(message, handle);
      case "unlisten":
        return this.#unlisten(message);
      case "drain":
        return this.drain();
      default:
        message satisfies never;
    }
  }

  async #start(order: Extract<SupervisorMessage, { kind: "start" }>): Promise<void> {
    const { acceptor: id, host, snapshot, lastKnownGood } = order;
    this.#log = pino(
      { name: "acceptor", level: snapshot.config.log.level, base: { pid: process.pid, acceptor: id } },
      pino.destination({ fd: 2, sync: true }),
    );
    const acceptor = this.#options.create({ id, snapshot, log: this.#log });
    await acceptor.start();
    // Now and not at the exit: who is killed writes nothing, and whoever replaces it needs it most.
    flushCompileCache();
    this.#acceptor = acceptor;
    const file = new LastKnownGood(lastKnownGood, this.#log);
    file.keep(snapshot);
    this.#bus = new BusClient({
      transport: await this.#transportTo(order),
      id,
      host,
      version: this.#options.version,
      snapshot,
      acceptor,
      log: this.#log,
      onAdopted: (adopted) => {
        file.keep(adopted);
        tell({ kind: "snapshot", part: hostPartOf(adopted) });
      },
    });
    this.#bus.start();
  }

  /** The client of Redis is loaded where there is one. */
  async #transportTo({
    acceptor: id,
    host,
    snapshot,
    state,
  }: Extract<SupervisorMessage, { kind: "start" }>): Promise<Transport> {
    if (state.kind === "embedded") return new UnixTransport(state.bus, this.#log);
    const { RedisTransport } = await import("./redis-transport.ts");
    const { version } = this.#options;
    return new RedisTransport({ redis: state, id, host, version, snapshot, log: this.#log });
  }

  async #listen(order: Extract<SupervisorMessage, { kind: "listen" }>, handle: unknown): Promise<void> {
    const { listener, place, last } = order;
    if (this.#acceptor === undefined) throw new Error(`Cannot listen on "${listener.name}" before the start`);
    if (typeof handle !== "object" || handle === null) {
      throw new Error(`Cannot listen on "${listener.name}": the message came without its handle`);
    }
    // Asked to drain meanwhile: the supervisor keeps the handle's queue for the next acceptor.
    if (this.#draining) return;
    await this.#acceptor.listen(listener, place, handle);
    if (!last) return;
    void this.#tellListening(place);
  }

  /**
   * Whoever came before drains as soon as this is told. So coordinators hear first that this one accepts: none of them is to
   * see a moment in which nobody does. No order waits for it.
   */
  async #tellListening(place: number): Promise<void> {
    await Promise.race([this.#bus?.heard, sleep(HEARD_WITHIN_MS, undefined, { ref: false })]);
    if (this.#draining) return;
    this.#bus?.reportStatus();
    tell({ kind: "listening", place });
  }

  /** No order behind it has to wait until the place is empty. */
  #unlisten({ place, mostMs }: Extract<SupervisorMessage, { kind: "unlisten" }>): void {
    this.#acceptor?.unlisten(place, mostMs).then(
      () => tell({ kind: "closed", place }),
      (error: unknown) => this.crashed(error),
    );
  }

  async #end(): Promise<void> {
    const drained = this.#acceptor?.drain();
    this.#bus?.reportStatus();
    await drained;
    await this.#bus?.close();
    tell({ kind: "drained" }, () => process.exit(0));
  }

  #failed(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#log.fatal({ err: error }, "acceptor failed to start");
    tell({ kind: "failed", reason }, () => process.exit(EXIT_INTERNAL_ERROR));
  }
}

function hostPartOf({ term, generation, config }: Snapshot): HostPart {
  const { listeners, acceptors, timeouts, log } = config;
  return { term, generation, listeners, acceptors, drainMs: timeouts.drainMs, logLevel: log.level };
}

/** Says it to the supervisor, if there is one still. */
function tell(notice: AcceptorNotice, then: () => void = () => {}): void {
  if (process.send !== undefined && process.connected) process.send(notice, undefined, undefined, then);
  else then();
}
