import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/** What a raw server does with the head of a request: octets to send, or whatever the test likes. */
export type Answer = string | ((socket: Socket, head: string, server: RawServer) => void);

const HEAD_END = "\r\n\r\n";

/** A server whose every octet is chosen by the test: for responses that no HTTP library would send. */
export class RawServer implements AsyncDisposable {
  readonly name: string;
  readonly port: number;
  /** Heads of requests, in the order in which they came; requests with content are for the answer to read. */
  readonly heads: string[] = [];
  /** Connections ever accepted, and those that are open. */
  connections = 0;
  readonly open = new Set<Socket>();
  readonly #server: Server;

  private constructor(name: string, server: Server) {
    this.name = name;
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  static async start(name: string, answer: Answer): Promise<RawServer> {
    const server = createServer({ noDelay: true, allowHalfOpen: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const raw = new RawServer(name, server);
    server.on("connection", (socket) => raw.#serve(socket, answer));
    return raw;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  #serve(socket: Socket, answer: Answer): void {
    this.connections += 1;
    this.open.add(socket);
    socket.on("close", () => this.open.delete(socket));
    socket.on("error", () => {});
    socket.on("end", () => socket.end());
    let unread = "";
    socket.on("data", (chunk: Buffer) => {
      unread += chunk.toString("latin1");
      for (let end = unread.indexOf(HEAD_END); end >= 0; end = unread.indexOf(HEAD_END)) {
        const head = unread.slice(0, end + HEAD_END.length);
        unread = unread.slice(end + HEAD_END.length);
        this.heads.push(head);
        if (typeof answer === "string") socket.write(answer, "latin1");
        else answer(socket, head, this);
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.open) socket.destroy();
    await closed;
  }
}
