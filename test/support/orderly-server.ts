import { once } from "node:events";
import type { Socket } from "node:net";
import { dice } from "./dice.ts";
import { RawServer } from "./raw-server.ts";

const PIECE = "The quick brown fox jumps over the lazy dog. ";
/** More than a client's connection may owe, and than one read brings. */
const LARGEST = 400_000;

/** What goes wrong at a server, each as a part of all requests. */
export interface Whims {
  readonly slow?: number;
  readonly breaks?: number;
  readonly large?: number;
}

/** The body that a request for `target` gets, whatever its size. */
export function bodyOf(target: string, length: number): string {
  return `${target} ${PIECE.repeat(1 + length / PIECE.length)}`.slice(0, target.length + 1 + length);
}

/**
 * A server that answers request after request of a connection, each with its own target, in all the forms that HTTP has;
 * and, by chance and by seed, slowly, at length, or not to the end.
 */
export class OrderlyServer implements AsyncDisposable {
  /** How many requests were read behind one that was not answered yet. */
  waited = 0;
  readonly raw: RawServer;

  private constructor(raw: RawServer) {
    this.raw = raw;
  }

  static async start(name: string, seed: number, whims: Whims): Promise<OrderlyServer> {
    const random = dice(seed);
    const turns = new WeakMap<Socket, { last: Promise<void>; waiting: number }>();
    const raw = await RawServer.start(name, (socket, head) => {
      const turn = turns.get(socket) ?? { last: Promise.resolve(), waiting: 0 };
      turns.set(socket, turn);
      if (turn.waiting++ > 0) server.waited++;
      turn.last = turn.last.then(async () => {
        if (socket.writable) await answer(socket, head, random, whims).catch(() => {});
        turn.waiting--;
      });
    });
    const server = new OrderlyServer(raw);
    return server;
  }

  get name(): string {
    return this.raw.name;
  }

  get url(): string {
    return this.raw.url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.raw[Symbol.asyncDispose]();
  }
}

async function answer(socket: Socket, head: string, random: () => number, whims: Whims): Promise<void> {
  const [method = "", target = ""] = head.split(" ");
  if (random() < (whims.slow ?? 0)) await new Promise((resolve) => setTimeout(resolve, random() * 60));
  if (!socket.writable) return;
  const octets = Buffer.from(responseOf(method, target, random, whims), "latin1");
  if (random() >= (whims.breaks ?? 0)) {
    if (!socket.write(octets)) await Promise.race([once(socket, "drain"), once(socket, "close")]);
    return;
  }
  socket.write(octets.subarray(0, Math.floor(random() * octets.length * 1.2)));
  if (random() < 0.5) socket.end();
  else socket.resetAndDestroy();
}

function responseOf(method: string, target: string, random: () => number, whims: Whims): string {
  const length = random() < (whims.large ?? 0) ? random() * LARGEST : random() * 300;
  const body = bodyOf(target, Math.floor(length));
  const named = `X-Target: ${target}\r\n`;
  const lead = random() < 0.1 ? "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" : "";
  if (method === "HEAD") return `${lead}HTTP/1.1 200 OK\r\n${named}Content-Length: ${body.length}\r\n\r\n`;
  switch (Math.floor(random() * 10)) {
    case 0:
      return `${lead}HTTP/1.1 304 Not Modified\r\n${named}Content-Length: ${body.length}\r\n\r\n`;
    case 1:
      return `${lead}HTTP/1.1 204 No Content\r\n${named}\r\n`;
    case 2:
    case 3:
      return `${lead}HTTP/1.1 200 OK\r\n${named}Transfer-Encoding: chunked\r\n\r\n${chunked(body)}`;
    case 4:
      return `${lead}HTTP/1.1 200 OK\r\n${named}Content-Length: 0\r\n\r\n`;
    default:
      return `${lead}HTTP/1.1 200 OK\r\n${named}Content-Length: ${body.length}\r\n\r\n${body}`;
  }
}

function chunked(body: string): string {
  const middle = body.length >> 1;
  const parts = [body.slice(0, middle), body.slice(middle)];
  return `${parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join("")}0\r\n\r\n`;
}
