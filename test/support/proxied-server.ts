import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { readProxyHeader } from "@shunt/core";

/** A connection as the server has seen it. */
export interface ProxiedConnection {
  /** `SOURCE PORT > DESTINATION PORT` as the PROXY header has it, or whom it speaks for besides. */
  readonly origin: string;
  /** Octets of the first request came in the same read as the header. */
  readonly atOnce: boolean;
  /** The request lines, in the order in which they came. */
  readonly requests: string[];
  readonly socket: Socket;
}

const HEAD_END = "\r\n\r\n";

/** What a server does with a request; `undefined`: it answers with the origin of the connection. */
export type Reply = (connection: ProxiedConnection, request: string) => string | undefined;

/** A server that expects a PROXY header on each connection, and remembers what stood in it. */
export class ProxiedServer implements AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly connections: ProxiedConnection[] = [];
  readonly open = new Set<Socket>();
  reply: Reply = () => undefined;
  readonly #server: Server;

  private constructor(name: string, server: Server) {
    this.name = name;
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => this.#serve(socket));
  }

  static async start(name: string): Promise<ProxiedServer> {
    const server = createServer({ noDelay: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ProxiedServer(name, server);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  #serve(socket: Socket): void {
    this.open.add(socket);
    socket.on("close", () => this.open.delete(socket)).on("error", () => {});
    let unread: Buffer = Buffer.alloc(0);
    let connection: ProxiedConnection | undefined;
    socket.on("data", (chunk: Buffer) => {
      unread = Buffer.concat([unread, chunk]);
      if (connection === undefined) {
        const reading = readProxyHeader(unread);
        if (reading.outcome !== "header") {
          if (reading.outcome === "refused") socket.destroy(new Error(reading.fault));
          return;
        }
        unread = unread.subarray(reading.length);
        connection = { origin: textOf(reading), atOnce: unread.length > 0, requests: [], socket };
        this.connections.push(connection);
      }
      unread = this.#answer(connection, unread);
    });
  }

  /** Returns what is left behind the last whole request; content there is none. */
  #answer(connection: ProxiedConnection, octets: Buffer): Buffer {
    let at = 0;
    for (let end = octets.indexOf(HEAD_END); end >= 0; end = octets.indexOf(HEAD_END, at)) {
      const request = octets.toString("latin1", at, octets.indexOf("\r\n", at));
      connection.requests.push(request);
      const answer = this.reply(connection, request) ?? ok(connection.origin);
      if (connection.socket.writable) connection.socket.write(answer);
      at = end + HEAD_END.length;
    }
    return octets.subarray(at);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.open) socket.destroy();
    await closed;
  }
}

export function ok(content: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\n\r\n${content}`;
}

function textOf({ origin }: { readonly origin: Origin }): string {
  if (origin.speaksFor !== "client") return origin.speaksFor;
  const { source, destination } = origin;
  return `${source.address.text} ${source.port} > ${destination.address.text} ${destination.port}`;
}

type Origin = Extract<ReturnType<typeof readProxyHeader>, { outcome: "header" }>["origin"];
