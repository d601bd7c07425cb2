import { once } from "node:events";
import { connect, type Socket } from "node:net";

const REQUEST = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n";
const HEAD_END = "\r\n\r\n";
/** Connections that are opened at most until every acceptor has its part. */
const MOST_OPENED = 4_096;
const OPENED_AT_ONCE = 32;

/** A connection that asks again as soon as it has its answer. */
class BusyClient {
  readonly #socket: Socket;
  readonly #took: (ms: number) => void;
  #received = "";
  #sentAt = 0;
  #answered: ((head: string) => void) | undefined;
  #busy = false;
  /** What went wrong; undefined is nothing. */
  failure: string | undefined;

  constructor(socket: Socket, took: (ms: number) => void) {
    this.#socket = socket;
    this.#took = took;
    socket.setNoDelay(true);
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.#read(text));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.failure ??= "a connection ended";
    });
  }

  /** Which acceptor serves it: the beginning of the ids that it gives. */
  async acceptor(): Promise<string> {
    const head = new Promise<string>((resolve) => {
      this.#answered = resolve;
    });
    this.#send();
    const [, id = ""] = /^x-answered: (\S+)/im.exec(await head) ?? [];
    return id.slice(0, id.lastIndexOf("-"));
  }

  begin(): void {
    this.#busy = true;
    this.#send();
  }

  close(): void {
    this.#busy = false;
    this.#socket.destroy();
  }

  #send(): void {
    this.#sentAt = performance.now();
    this.#socket.write(REQUEST);
  }

  #read(text: string): void {
    this.#received += text;
    if (!this.#received.endsWith(HEAD_END)) return;
    const head = this.#received;
    this.#received = "";
    if (!head.startsWith("HTTP/1.1 200")) this.failure ??= JSON.stringify(head);
    this.#answered?.(head);
    this.#answered = undefined;
    if (!this.#busy) return;
    this.#took(performance.now() - this.#sentAt);
    this.#send();
  }
}

export class Clients {
  /** Milliseconds of each answer since they were last taken. */
  #times: number[] = [];
  readonly #clients: BusyClient[] = [];

  /** As many connections to each acceptor as `parts` say; which acceptor has which part is chance. */
  async place(url: string, parts: readonly number[]): Promise<void> {
    const placed = new Map<string, number>();
    const wanted = [...parts];
    const all = parts.reduce((sum, part) => sum + part);
    for (let opened = 0; this.#clients.length < all; opened += OPENED_AT_ONCE) {
      if (opened >= MOST_OPENED)
        throw new Error(`${opened} connections, and not every acceptor has its part`);
      for (const { client, acceptor } of await this.#open(url)) {
        if (!placed.has(acceptor)) placed.set(acceptor, wanted.shift() ?? 0);
        const room = placed.get(acceptor) ?? 0;
        placed.set(acceptor, Math.max(0, room - 1));
        if (room > 0) this.#clients.push(client);
        else client.close();
      }
    }
  }

  async #open(url: string): Promise<{ client: BusyClient; acceptor: string }[]> {
    const { hostname, port } = new URL(url);
    const opening = Array.from({ length: OPENED_AT_ONCE }, async () => {
      const socket = connect(Number(port), hostname);
      await once(socket, "connect");
      const client = new BusyClient(socket, (ms) => this.#times.push(ms));
      return { client, acceptor: await client.acceptor() };
    });
    return await Promise.all(opening);
  }

  begin(): void {
    for (const client of this.#clients) client.begin();
  }

  /** Answer times since the last call. */
  take(): number[] {
    const failures = this.#clients.flatMap(({ failure }) => failure ?? []);
    if (failures.length > 0) throw new Error(`${failures.length} clients failed, one so: ${failures[0]}`);
    const times = this.#times;
    this.#times = [];
    return times;
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }
}
