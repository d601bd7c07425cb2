import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/** A server of a scenario: a port, and whoever has connected to it. */
export class LaneServer {
  readonly name: string;
  port = 0;
  #server: Server | undefined;
  #accept: (socket: Socket, server: LaneServer) => void = (socket) => socket.destroy();

  constructor(name: string) {
    this.name = name;
  }

  async listen(): Promise<void> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) =>
      this.#accept(socket, this),
    );
    server.listen(this.port, "127.0.0.1");
    await once(server, "listening");
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Connections that are open stay so. */
  async stopListening(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    // `close` calls back when all connections have ended; that the port is free is told by its event of listening.
    server?.close();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  onConnection(accept: (socket: Socket, server: LaneServer) => void): void {
    this.#accept = accept;
  }
}

/**
 * Where one scenario is played: servers of its own, and addresses of its own from which its clients come. The proxy leads
 * what comes from there to these servers, so scenarios do not meet.
 */
export class Lane implements AsyncDisposable {
  readonly name: string;
  readonly client: string;
  /** In `trust.peers`. */
  readonly trustedPeer: string;
  readonly servers: readonly LaneServer[];

  private constructor(index: number, servers: readonly LaneServer[]) {
    this.name = `lane${index}`;
    const host = `${index & 0xff}.1`;
    this.client = `127.${1 + (index >> 8)}.${host}`;
    this.trustedPeer = `127.${129 + (index >> 8)}.${host}`;
    this.servers = servers;
  }

  static async open(index: number, servers: number): Promise<Lane> {
    const all = ["a", "b", "c", "d"].slice(0, servers).map((name) => new LaneServer(name));
    await Promise.all(all.map((server) => server.listen()));
    return new Lane(index, all);
  }

  server(name: string): LaneServer {
    const found = this.servers.find((server) => server.name === name);
    if (found === undefined) throw new Error(`the configuration has no server ${name}`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stopListening()));
  }
}

/** Networks whose forwarding fields are believed. */
export const TRUSTED = "127.128.0.0/9";
