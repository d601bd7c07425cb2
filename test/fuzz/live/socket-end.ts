import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { ServerSide } from "../yard/good-server.ts";
import type { FarEnd } from "../yard/socket.ts";

/** How long a client waits for the end of its connection. All of Shunt's time limits here are far below. */
const PATIENCE_MS = 20_000;

/** A listener on loopback whose connections are served by whatever `serve` makes for each. */
export class RealServer implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  static async start(
    serve: (side: ServerSide, port: number) => FarEnd,
    failed: (error: unknown) => void,
  ): Promise<RealServer> {
    const server = createServer({ noDelay: true, allowHalfOpen: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const real = new RealServer(server);
    server.on("connection", (socket) => real.#connected(socket, serve, failed));
    return real;
  }

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  #connected(
    socket: Socket,
    serve: (side: ServerSide, port: number) => FarEnd,
    failed: (error: unknown) => void,
  ): void {
    this.#open.add(socket);
    const end = serve({ arrive: (octets) => socket.write(octets), arriveFin: () => socket.end() }, this.port);
    socket
      .on("data", (octets: Buffer) => {
        try {
          end.received(octets);
        } catch (error) {
          failed(error);
          socket.destroy();
        }
      })
      .on("end", () => end.ended("fin"))
      .on("error", () => end.ended("reset"))
      .on("close", () => this.#open.delete(socket));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    await closed;
  }
}

/** What a client got, and how its connection ended; "open" is one that did not within all patience. */
export interface Heard {
  readonly text: string;
  readonly ending: "fin" | "reset" | "open";
}

/** Sends pieces from an address of loopback, says goodbye if `ends`, and listens until the connection ends. */
export async function speak(
  url: string,
  pieces: readonly Buffer[],
  localAddress: string,
  ends = true,
): Promise<Heard> {
  const { hostname, port } = new URL(url);
  const socket = connect({
    host: hostname,
    port: Number(port),
    localAddress,
    noDelay: true,
    allowHalfOpen: true,
  });
  const heard = listenTo(socket);
  await once(socket, "connect");
  for (const piece of pieces) {
    if (socket.writable) socket.write(piece);
    // So that the kernel does not hand over several at once, most of the time.
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (ends) socket.end();
  const result = await heard;
  socket.destroy();
  return result;
}

function listenTo(socket: Socket): Promise<Heard> {
  return new Promise((resolve) => {
    let text = "";
    const done = (ending: Heard["ending"]): void => {
      clearTimeout(timer);
      resolve({ text, ending });
    };
    const timer = setTimeout(() => done("open"), PATIENCE_MS);
    socket
      .on("data", (octets: Buffer) => {
        text += octets.toString("latin1");
      })
      .on("end", () => done("fin"))
      .on("error", () => done("reset"));
  });
}

/** An address of loopback that no other client has: so it is known of each request whose it is. */
export function addressOf(client: number): string {
  return `127.${1 + (client >> 16)}.${(client >> 8) & 255}.${client & 255}`;
}
