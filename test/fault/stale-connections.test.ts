import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { expect, test } from "vitest";
import { dice } from "../support/dice.ts";
import { RawClient } from "../support/raw-client.ts";
import { field } from "../support/response-reader.ts";
import { onePool, startShunt } from "../support/shunt.ts";

/**
 * A server that closes a kept-alive connection just as a request is sent on it (RFC 9112, section 9.3.1). What can be
 * repeated succeeds; what cannot is sent once, whatever becomes of it (RFC 9110, section 9.2.2). Counted at the server.
 */

const TRIALS = 10_000;
const CLIENTS = 20;
const HEAD_END = "\r\n\r\n";
/** How long after an answer a connection is closed, at most: about as long as the next request takes to come. */
const CLOSES_WITHIN_MS = 4;

/** Answers every request with its target and method, and closes the connection at a random moment behind an answer. */
class FickleServer implements AsyncDisposable {
  readonly name = "fickle";
  /** How often each request was read, by "METHOD target". */
  readonly read = new Map<string, number>();
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  readonly #random: () => number;

  private constructor(server: Server, seed: number) {
    this.#server = server;
    this.#random = dice(seed);
    server.on("connection", (socket) => this.#serve(socket));
  }

  static async start(seed: number): Promise<FickleServer> {
    const server = createServer({ noDelay: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new FickleServer(server, seed);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #serve(socket: Socket): void {
    this.#open.add(socket);
    let unread = "";
    socket.on("error", () => {});
    socket.on("close", () => this.#open.delete(socket));
    socket.on("data", (chunk: Buffer) => {
      const begins = unread === "";
      unread += chunk.toString("latin1");
      if (begins) count(this.read, requestOf(unread));
      if (!isWhole(unread)) return;
      const request = requestOf(unread);
      unread = "";
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${request.length}\r\n\r\n${request}`);
      if (this.#random() < 0.5) this.#closeSoon(socket);
    });
  }

  #closeSoon(socket: Socket): void {
    const after = this.#random() * CLOSES_WITHIN_MS;
    const resets = this.#random() < 0.3;
    setTimeout(() => (resets ? socket.resetAndDestroy() : socket.end()), after);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    await closed;
  }
}

/** Method and target of octets that begin with a request. A segment of loopback never cuts a request line. */
function requestOf(octets: string): string {
  return octets.slice(0, octets.indexOf(" HTTP/"));
}

function isWhole(octets: string): boolean {
  const head = octets.indexOf(HEAD_END);
  if (head < 0) return false;
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(octets)?.[1] ?? 0);
  return octets.length >= head + HEAD_END.length + length;
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

const METHODS = ["GET", "PUT", "POST"] as const;

interface Told {
  readonly request: string;
  readonly status: number;
  readonly text: string;
  readonly failure: string | undefined;
}

/** One client, its requests one after the other at random distances. */
async function trials(url: string, client: number, told: Told[]): Promise<void> {
  const random = dice(client);
  using connection = await RawClient.connect(url);
  for (let i = 0; i < TRIALS / CLIENTS; i++) {
    const method = METHODS[Math.floor(random() * METHODS.length)] as string;
    const request = `${method} /${client}/${i}`;
    const content = method === "GET" ? "" : "some content";
    const length = method === "GET" ? "" : `Content-Length: ${content.length}\r\n`;
    await connection.send(`${request} HTTP/1.1\r\nHost: shunt.test\r\n${length}\r\n${content}`);
    const response = await connection.response(method);
    told.push({
      request,
      status: response.status,
      text: response.text,
      failure: field(response, "proxy-status"),
    });
    if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, random() * CLOSES_WITHIN_MS));
  }
}

test(`${TRIALS} requests over connections that close at random moments: none is delivered wrongly, no POST twice`, async () => {
  await using server = await FickleServer.start(20_261_123);
  // One attempt and no budget are enough: the server does not fail.
  await using shunt = await startShunt({ ...onePool(server), retry: { attempts: 1, budgetPercent: 0 } });
  const told: Told[] = [];
  await Promise.all(Array.from({ length: CLIENTS }, (_, client) => trials(shunt.url, client, told)));
  expect(told).toHaveLength(TRIALS);

  const wrong = told.filter(({ request, status, text }) => status === 200 && text !== request);
  const failed = told.filter(({ status }) => status !== 200);
  const lost = failed.filter(({ request }) => !request.startsWith("POST"));
  const unexplained = failed.filter(({ failure }) => failure !== "shunt; error=connection_terminated");
  const posts = told.filter(({ request }) => request.startsWith("POST"));
  const twice = posts.filter(({ request }) => (server.read.get(request) ?? 0) > 1);
  expect({ wrong, lost, unexplained, twice }).toEqual({ wrong: [], lost: [], unexplained: [], twice: [] });
  // The moment was met, or the trial proves nothing.
  expect(await shunt.metric("shunt_retries_total")).toBeGreaterThan(0);
  await shunt.quiet();
});
