import { connect, type Socket } from "node:net";
import {
  type AcceptorMessage,
  type CoordinatorMessage,
  decodeCoordinatorMessage,
  encodeLine,
  LineReader,
  MAX_LINE_BYTES,
  type Snapshot,
} from "@shunt/core";
import type { Logger } from "pino";
import type { ControlledAcceptor } from "./controlled.ts";
import { LoadReporter } from "./load-reporter.ts";

const LOAD_EVERY_MS = 100;
const STATUS_EVERY_MS = 1_000;
const RECONNECT_FIRST_MS = 50;
const RECONNECT_MOST_MS = 1_000;
/** What a coordinator that does not read may make us hold; beyond it reports are left out, the next ones count. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024;

export interface BusClientOptions {
  /** The coordinator's Unix socket. */
  readonly path: string;
  readonly id: string;
  readonly version: string;
  /** Of the snapshot that the acceptor started with. */
  readonly generation: number;
  readonly acceptor: ControlledAcceptor;
  readonly log: Logger;
}

/**
 * This acceptor's end of the state bus. A coordinator that is away is no reason to serve less: the client says so
 * once, tries again for ever, and tells everything anew when it is back.
 */
export class BusClient {
  readonly #options: BusClientOptions;
  readonly #reporter = new LoadReporter();
  #generation: number;
  #socket: Socket | undefined;
  #connected = false;
  #saidLost = false;
  #losses = 0;
  #failures = 0;
  #closed = false;
  #timers: NodeJS.Timeout[] = [];
  #reconnect: NodeJS.Timeout | undefined;

  constructor(options: BusClientOptions) {
    this.#options = options;
    this.#generation = options.generation;
  }

  get connected(): boolean {
    return this.#connected;
  }

  start(): void {
    this.#timers = [
      setInterval(() => this.#reportLoad(), LOAD_EVERY_MS),
      setInterval(() => this.reportStatus(), STATUS_EVERY_MS),
    ];
    for (const timer of this.#timers) timer.unref();
    this.#open();
  }

  /** Says the last word about counters and leaves; resolves when it was handed to the kernel or cannot be. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#reconnect);
    const socket = this.#socket;
    if (socket === undefined || !this.#connected) {
      socket?.destroy();
      return;
    }
    this.#reportLoad();
    this.reportStatus();
    await new Promise<void>((resolve) => {
      socket.once("close", () => resolve());
      socket.end(() => resolve());
    });
  }

  #open(): void {
    const reader = new LineReader();
    const socket = connect(this.#options.path);
    this.#socket = socket;
    socket.unref();
    socket.on("connect", () => this.#greet());
    socket.on("data", (chunk: Buffer) => this.#read(socket, reader, chunk));
    socket.on("error", (error) => this.#sayLost(error.message));
    socket.on("close", () => this.#lost());
  }

  #greet(): void {
    const { id, version, log } = this.#options;
    this.#connected = true;
    this.#failures = 0;
    if (this.#saidLost) log.info("state bus is back");
    this.#saidLost = false;
    this.#reporter.forget();
    this.#send({ kind: "hello", acceptor: id, pid: process.pid, generation: this.#generation, version });
    this.reportStatus();
    this.#reportLoad();
  }

  #lost(): void {
    if (this.#connected) this.#losses += 1;
    this.#connected = false;
    if (this.#closed) return;
    this.#sayLost("the coordinator closed the connection");
    const delay = Math.min(RECONNECT_MOST_MS, RECONNECT_FIRST_MS * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 10);
    this.#reconnect = setTimeout(() => this.#open(), delay).unref();
  }

  #sayLost(reason: string): void {
    if (this.#saidLost || this.#closed) return;
    this.#saidLost = true;
    this.#options.log.warn({ reason }, "state bus is away, serving on with the last snapshot");
  }

  #read(socket: Socket, reader: LineReader, chunk: Buffer): void {
    try {
      for (const line of reader.push(chunk)) this.#handle(decodeCoordinatorMessage(JSON.parse(line)));
    } catch (error) {
      this.#options.log.error({ err: error }, "state bus connection closed: not understood");
      socket.destroy();
    }
  }

  #handle(message: CoordinatorMessage): void {
    switch (message.kind) {
      case "snapshot":
        this.#apply(message.snapshot);
        break;
      case "load":
        this.#options.acceptor.applyLoad(message.acceptors, message.servers);
        break;
      case "get-recent":
        this.#answerRecent(message.request, message.limit);
        break;
      default:
        message satisfies never;
    }
  }

  #apply(snapshot: Snapshot): void {
    if (snapshot.generation <= this.#generation) return;
    this.#options.acceptor.apply(snapshot);
    this.#generation = snapshot.generation;
    this.reportStatus();
  }

  /** Fewer exchanges rather than a line that the coordinator would have to refuse. */
  #answerRecent(request: number, limit: number): void {
    let exchanges = this.#options.acceptor.recent(limit);
    let line = encodeLine({ kind: "recent", request, exchanges });
    while (Buffer.byteLength(line) > MAX_LINE_BYTES / 2 && exchanges.length > 0) {
      exchanges = exchanges.slice(0, exchanges.length >> 1);
      line = encodeLine({ kind: "recent", request, exchanges });
    }
    this.#socket?.write(line);
  }

  #reportLoad(): void {
    if (!this.#canSend()) return;
    const servers = this.#reporter.next(this.#options.acceptor.loads());
    if (servers !== undefined) this.#send({ kind: "load", servers });
  }

  /** Says at once what would be said within a second: for changes that others wait for. */
  reportStatus(): void {
    if (!this.#canSend()) return;
    const { acceptor } = this.#options;
    const { state, connections, exchanges } = acceptor;
    const own = acceptor.counters();
    const counters = {
      ...own,
      counters: { ...own.counters, state_bus_losses_total: this.#losses },
      gauges: { ...own.gauges, state_bus_connected: 1 },
    };
    this.#send({ kind: "status", state, generation: this.#generation, connections, exchanges, counters });
  }

  #canSend(): boolean {
    return this.#connected && (this.#socket?.writableLength ?? 0) < MAX_UNSENT_BYTES;
  }

  #send(message: AcceptorMessage): void {
    this.#socket?.write(encodeLine(message));
  }
}
