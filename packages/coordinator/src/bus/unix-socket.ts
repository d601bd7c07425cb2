import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import {
  type AcceptorMessage,
  type CoordinatorMessage,
  decodeAcceptorMessage,
  encodeLine,
  isNewer,
  LineReader,
  type Publication,
  type ServerHealth,
  type SnapshotVersion,
} from "@shunt/core";
import type { Logger } from "pino";
import type { BusListener, BusPeer, StateBus } from "./state-bus.ts";

/** What an acceptor that does not read may make us hold; past it the connection is closed, and it comes back. */
const MAX_UNSENT_BYTES = 32 * 1024 * 1024;
/** Far above the acceptors of any host. */
const MAX_PEERS = 4_096;

/** The embedded state bus: a Unix socket of this user alone, one JSON document a line. */
export class UnixSocketBus implements StateBus {
  readonly #path: string;
  readonly #log: Logger;
  readonly #listener: BusListener;
  readonly #server: Server;
  readonly #peers = new Set<Peer>();
  readonly #published = new Map<Publication["kind"], Publication>();

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

  publish(publication: Publication): void {
    this.#published.set(publication.kind, publication);
    const line = encodeLine(publication);
    for (const peer of this.#peers) if (peer.welcome) peer.write(line);
  }

  async lastHealth(): Promise<readonly ServerHealth[]> {
    const published = this.#published.get("health");
    return published?.kind === "health" ? published.servers : [];
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
        this.#receive(peer, decodeAcceptorMessage(JSON.parse(line)));
      }
    } catch (error) {
      peer.close(`not understood: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #receive(peer: Peer, message: AcceptorMessage): void {
    this.#listener.onMessage(peer, message);
    if (message.kind === "hello" && !peer.closed) this.#bringUpToDate(peer, message);
  }

  #bringUpToDate(peer: Peer, held: SnapshotVersion): void {
    peer.welcome = true;
    for (const publication of this.#published.values()) {
      if (publication.kind === "snapshot" && !isNewer(publication.snapshot, held)) continue;
      peer.write(encodeLine(publication));
    }
  }
}

class Peer implements BusPeer {
  readonly #socket: Socket;
  readonly #log: Logger;
  closed = false;
  /** It has said who it is. */
  welcome = false;

  constructor(socket: Socket, log: Logger) {
    this.#socket = socket;
    this.#log = log;
  }

  send(message: CoordinatorMessage): void {
    this.write(encodeLine(message));
  }

  write(line: string): void {
    if (this.closed) return;
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) this.close("it does not read");
    else this.#socket.write(line);
  }

  close(reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.#log.warn({ reason }, "state bus connection closed");
    this.#socket.destroy();
  }
}
