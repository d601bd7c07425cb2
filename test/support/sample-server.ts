import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as a server got it. */
export interface Received {
  readonly server: string;
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage["headers"];
  /** The number of the connection that it came on, from 1. */
  readonly connection: number;
}

export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  server: SampleServer,
) => void | Promise<void>;

/** Longer than any test, so that it is never the server that closes an idle connection. */
const KEEP_ALIVE_MS = 600_000;

/** A server of the application, in the process of the test. It remembers what it was asked. */
export class SampleServer implements AsyncDisposable {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly received: Received[] = [];
  /** Requests received and not answered yet, and the most there ever were. */
  running = 0;
  mostRunning = 0;
  /** Connections ever accepted. */
  connections = 0;
  readonly #server: Server;

  private constructor(name: string, server: Server) {
    this.name = name;
    this.host = (server.address() as AddressInfo).address;
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  static async start(name: string, handler: Handler = echo, host = "127.0.0.1"): Promise<SampleServer> {
    const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 });
    server.listen(0, host);
    await once(server, "listening");
    const sample = new SampleServer(name, server);
    const numbers = new WeakMap<object, number>();
    server.on("connection", (socket) => numbers.set(socket, ++sample.connections));
    server.on("request", (request, response) => {
      sample.#note(request, response, numbers.get(request.socket) ?? 0);
      // A handler fails when its client leaves; what it is to prove it tells in its response or in what it notes.
      Promise.resolve(handler(request, response, sample)).catch(() => response.destroy());
    });
    return sample;
  }

  get url(): string {
    return `http://${this.host}:${this.port}`;
  }

  /** The targets that it was asked for. */
  get targets(): string[] {
    return this.received.map(({ target }) => target);
  }

  #note(
    { method = "", url = "", headers }: IncomingMessage,
    response: ServerResponse,
    connection: number,
  ): void {
    this.received.push({ server: this.name, method, target: url, headers, connection });
    this.running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    response.once("close", () => {
      this.running -= 1;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

/** Says who answers what, behind all of the request's content, and repeats that: "g1 POST /x content". */
export const echo: Handler = async (request, response, { name }) => {
  let content = "";
  for await (const chunk of request.setEncoding("latin1")) content += chunk;
  response.end(`${name} ${request.method} ${request.url}${content === "" ? "" : ` ${content}`}`);
};
