import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import {
  type AcceptorMessage,
  type CoordinatorMessage,
  decodeAcceptorMessage,
  encodeLine,
  LineReader,
} from "@shunt/core";
import type { Logger } from "pino";

/** What an acceptor that does not read may make us hold; past it the connection is closed, and it comes back. */
const MAX_UNSENT_BYTES = 32 * 1024 * 1024;
/** Far above the acceptors of any host. */
const MAX_PEERS = 4_096;

/** The other end of one connection of the state bus. */
export interface BusPeer {
  send(message: CoordinatorMessage): void;
  /** `reason` is for the log. */
  close(reason: string): void;
}

export interface BusListener {
  onMessage(peer: BusPeer, message: AcceptorMessage): void;
  onGone(peer: BusPeer): void;
}

/** The embedded state bus: a Unix socket of this user alone, one JSON document a line. */
export class UnixSocketBus {
  readonly #path: string;
  readonly #log: Logger;
  readonly #listener: BusListener;
  readonly #server: Server;
  readonly #peers = new Set<Peer>();

  constructor(options: { path: string; log: Logger; listener: BusListener }) {
    this.#path = options.path;
    this.#log = options.log;
    this.#listener = options.listener;
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = MAX_PEERS;
  }

  async listen(): Promise<void> {
    // What a killed coordinator left; a living one is excluded by the supervisor's lock.
    rmSync(this.#path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#path, resolve);
    });
    chmodSync(this.#path, 0o600);
  }

  async close(): Promise<void> {
    for (const peer of this.#peers) peer.close("the coordinator stops");
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    const peer = new Peer(socket, this.#log);
    const reader = new LineReader();
    this.#peers.add(peer);
    socket.on("data", (chunk: Buffer) => this.#read(peer, reader, chunk));
    // The close that follows is what counts.
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#peers.delete(peer);
      this.#listener.onGone(peer);
    });
  }

  #read(peer: Peer, reader: LineReader, chunk: Buffer): void {
    try {
      for (const line of reader.push(chunk)) {
        if (peer.closed) return;
        this.#listener.onMessage(peer, decodeAcceptorMessage(JSON.parse(line)));
      }
    } catch (error) {
      peer.close(`not understood: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

class Peer implements BusPeer {
  readonly #socket: Socket;
  readonly #log: Logger;
  closed = false;

  constructor(socket: Socket, log: Logger) {
    this.#socket = socket;
    this.#log = log;
  }

  send(message: CoordinatorMessage): void {
    if (this.closed) return;
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) this.close("it does not read");
    else this.#socket.write(encodeLine(message));
  }

  close(reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.#log.warn({ reason }, "state bus connection closed");
    this.#socket.destroy();
  }
}
