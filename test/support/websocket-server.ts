import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

/**
 * A server of the application that speaks WebSocket (`ws`), in the process of the test. It repeats what it is told,
 * answers handshakes for `/refused` with 401, and other requests with its name.
 */
export class SocketServer implements AsyncDisposable {
  readonly name: string;
  readonly port: number;
  /** Open sockets, oldest first. */
  readonly open = new Set<WebSocket>();
  /** Field sections of all handshakes. */
  readonly handshakes: Readonly<Record<string, string | string[] | undefined>>[] = [];
  /** Code and reason of every socket that has closed, as the server saw it. */
  readonly closed: string[] = [];
  readonly #http: Server;

  private constructor(name: string, http: Server) {
    this.name = name;
    this.#http = http;
    this.port = (http.address() as AddressInfo).port;
  }

  static async start(name: string): Promise<SocketServer> {
    const http = createServer((_, response) => response.end(name));
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    const server = new SocketServer(name, http);
    const sockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: { threshold: 0 },
      maxPayload: 2 ** 26,
    });
    http.on("upgrade", (request, socket, head) => {
      server.handshakes.push(request.headers);
      if (request.url === "/refused")
        socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
      else sockets.handleUpgrade(request, socket, head, (each) => server.#serve(each));
    });
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  #serve(socket: WebSocket): void {
    this.open.add(socket);
    socket.on("message", (message, isBinary) => socket.send(message, { binary: isBinary }));
    socket.on("error", () => {});
    socket.on("close", (code, reason) => {
      this.open.delete(socket);
      this.closed.push(`${code} ${reason}`.trim());
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#http, "close");
    this.#http.close();
    this.#http.closeAllConnections();
    for (const socket of this.open) socket.terminate();
    await closed;
  }
}
