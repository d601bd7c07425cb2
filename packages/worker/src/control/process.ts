import { flushCompileCache } from "node:module";
import { hostname } from "node:os";
import {
  type AcceptorNotice,
  decodeSupervisorMessage,
  type Snapshot,
  type SupervisorMessage,
} from "@shunt/core";
import { type Logger, pino } from "pino";
import { BusClient } from "./bus-client.ts";
import type { ControlledAcceptor } from "./controlled.ts";
import { UnixTransport } from "./unix-transport.ts";

/** Exit codes of sysexits.h: the supervisor replaces the process whatever it says, people read it in the log. */
const EXIT_INTERNAL_ERROR = 70;
const EXIT_USAGE = 64;

export interface AcceptorProcessOptions {
  readonly version: string;
  readonly create: (options: { id: string; snapshot: Snapshot; log: Logger }) => ControlledAcceptor;
}

/**
 * Makes this process an acceptor under a supervisor, which speaks over the IPC channel of the fork: `start`, then
 * `listen` with a handle for each listener, then `drain` (SIGTERM says the same). The supervisor's end is no
 * event: the acceptor serves on until somebody asks it to drain.
 */
export function runAcceptorProcess(options: AcceptorProcessOptions): void {
  if (process.send === undefined) {
    process.stderr.write("This is a part of Shunt that the supervisor starts: run `shunt up -c FILE`.\n");
    process.exit(EXIT_USAGE);
  }
  const running = new AcceptorProcess(options);
  process.on("message", (message, handle) => running.receive(message, handle));
  process.on("SIGTERM", () => running.drain());
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

  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    tell({ kind: "draining" });
    this.#leave().catch((error: unknown) => this.crashed(error));
  }

  reopenLogs(): void {
    this.#acceptor?.reopenLogs();
  }

  orphaned(): void {
    if (this.#draining) return;
    this.#log.warn("the supervisor is gone, serving on until the next one asks to drain");
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
        return this.#listen(message.listener, handle);
      case "drain":
        return this.drain();
      default:
        message satisfies never;
    }
  }

  async #start(order: Extract<SupervisorMessage, { kind: "start" }>): Promise<void> {
    const { acceptor: id, snapshot, bus: path } = order;
    this.#log = pino(
      { name: "acceptor", level: snapshot.config.log.level, base: { pid: process.pid, acceptor: id } },
      pino.destination({ fd: 2, sync: true }),
    );
    const acceptor = this.#options.create({ id, snapshot, log: this.#log });
    await acceptor.start();
    // Now and not at the exit: who is killed writes nothing, and whoever replaces it needs it most.
    flushCompileCache();
    this.#acceptor = acceptor;
    const { version } = this.#options;
    const transport = new UnixTransport(path, this.#log);
    this.#bus = new BusClient({
      transport,
      id,
      host: hostname(),
      version,
      snapshot,
      acceptor,
      log: this.#log,
    });
    this.#bus.start();
  }

  async #listen(listener: string, handle: unknown): Promise<void> {
    if (this.#acceptor === undefined) throw new Error(`Cannot listen on "${listener}" before the start`);
    if (typeof handle !== "object" || handle === null) {
      throw new Error(`Cannot listen on "${listener}": the message came without its handle`);
    }
    // Asked to drain meanwhile: the supervisor keeps the handle's queue for the next acceptor.
    if (this.#draining) return;
    await this.#acceptor.adopt(listener, handle);
    this.#bus?.reportStatus();
    tell({ kind: "listening", listener });
  }

  async #leave(): Promise<void> {
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

/** Says it to the supervisor, if there is one still. */
function tell(notice: AcceptorNotice, then: () => void = () => {}): void {
  if (process.send !== undefined && process.connected) process.send(notice, undefined, undefined, then);
  else then();
}
