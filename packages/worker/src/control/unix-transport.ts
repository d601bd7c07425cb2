import { connect, type Socket } from "node:net";
import { type AcceptorMessage, decodeCoordinatorMessage, encodeLine, LineReader } from "@shunt/core";
import type { Logger } from "pino";
import type { Transport, TransportEvents } from "./transport.ts";

const RECONNECT_FIRST_MS = 50;
const RECONNECT_MOST_MS = 1_000;
/** What a coordinator that does not read may make us hold; beyond it reports are left out, the next ones count. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024;

/** To the coordinator of this host, over its Unix socket: one JSON document a line. */
export class UnixTransport implements Transport {
  readonly #path: string;
  readonly #log: Logger;
  #events: TransportEvents | undefined;
  #socket: Socket | undefined;
  #connected = false;
  #failures = 0;
  #closed = false;
  #reconnect: NodeJS.Timeout | undefined;

  constructor(path: string, log: Logger) {
    this.#path = path;
    this.#log = log;
  }

  get canSend(): boolean {
    return this.#connected && (this.#socket?.writableLength ?? 0) < MAX_UNSENT_BYTES;
  }

  open(events: TransportEvents): void {
    this.#events = events;
    this.#open();
  }

  send(message: AcceptorMessage): void {
    this.#socket?.write(encodeLine(message));
  }

  /** The bus client counts what there is to count. */
  counters(): ReturnType<Transport["counters"]> {
    return { gauges: {}, labelled: {} };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#reconnect);
    const socket = this.#socket;
    if (socket === undefined || !this.#connected) {
      socket?.destroy();
      return;
    }
    await new Promise<void>((resolve) => {
      socket.once("close", () => resolve());
      socket.end(() => resolve());
    });
  }

  #open(): void {
    const reader = new LineReader();
    const socket = connect(this.#path);
    this.#socket = socket;
    socket.unref();
    socket.on("connect", () => this.#opened());
    socket.on("data", (chunk: Buffer) => this.#read(socket, reader, chunk));
    socket.on("error", (error) => this.#lost(error.message));
    socket.on("close", () => this.#closedSocket());
  }

  #opened(): void {
    this.#connected = true;
    this.#failures = 0;
    this.#events?.onOpen();
  }

  #closedSocket(): void {
    this.#connected = false;
    if (this.#closed) return;
    this.#lost("the coordinator closed the connection");
    const delay = Math.min(RECONNECT_MOST_MS, RECONNECT_FIRST_MS * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 10);
    this.#reconnect = setTimeout(() => this.#open(), delay).unref();
  }

  #lost(reason: string): void {
    this.#connected = false;
    if (!this.#closed) this.#events?.onLost(reason);
  }

  #read(socket: Socket, reader: LineReader, chunk: Buffer): void {
    try {
      for (const line of reader.push(chunk))
        this.#events?.onMessage(decodeCoordinatorMessage(JSON.parse(line)));
    } catch (error) {
      this.#log.error({ err: error }, "state bus connection closed: not understood");
      socket.destroy();
    }
  }
}
