import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** For tests: a listener on loopback that keeps what connects to it. */
export class TestServer {
  readonly #server: Server;
  readonly #accepted: Socket[] = [];
  readonly #waiting: ((socket: Socket) => void)[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => {
      socket.on("error", () => {});
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#accepted.push(socket);
      else waiting(socket);
    });
  }

  static async listen(host = "127.0.0.1"): Promise<TestServer> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.listen(0, host);
    await once(server, "listening");
    return new TestServer(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The next connection that nobody has taken yet. */
  accept(): Promise<Socket> {
    const socket = this.#accepted.shift();
    return socket === undefined
      ? new Promise((resolve) => this.#waiting.push(resolve))
      : Promise.resolve(socket);
  }

  /** Both ends of a new connection: ours that was accepted, and the peer's that connected. */
  async pair(): Promise<{ accepted: Socket; peer: Socket }> {
    const peer = connect({ port: this.port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    peer.on("error", () => {});
    const accepted = await this.accept();
    if (peer.connecting) await once(peer, "connect");
    return { accepted, peer };
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#accepted) socket.destroy();
  }
}

/** For tests: what a socket receives, to be waited for. */
export class Received {
  /** How many octets came. */
  count = 0;
  /** FIN came. */
  ended = false;
  closed = false;
  #chunks: Buffer[] = [];

  constructor(socket: Socket) {
    socket
      .on("data", (chunk: Buffer) => {
        this.#chunks.push(chunk);
        this.count += chunk.length;
      })
      .on("end", () => {
        this.ended = true;
      })
      .on("close", () => {
        this.closed = true;
      })
      .on("error", () => {});
  }

  get octets(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] as Buffer;
  }

  get text(): string {
    return this.octets.toString("latin1");
  }

  /** Resolves when what was received satisfies. The test's own time limit is the limit. */
  async until(satisfied: (received: this) => boolean): Promise<this> {
    await until(() => satisfied(this));
    return this;
  }

  untilText(end: string): Promise<this> {
    return this.until(({ text }) => text.endsWith(end));
  }

  untilEnd(): Promise<this> {
    return this.until(({ ended, closed }) => ended || closed);
  }
}

/** Longer than a test may take: what waits for ever must not outlive it. */
const PATIENCE_MS = 10_000;

/** Resolves when `condition` holds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** The end of a turn of the event loop. */
export function later(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
