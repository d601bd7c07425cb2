import { once } from "node:events";
import { connect, type Socket } from "node:net";

const REQUEST = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n";
const HEAD_END = "\r\n\r\n";
/** Connections that are opened at most until every acceptor has its part. */
const MOST_OPENED = 4_000;

/** A connection that asks again as soon as it has its answer. */
class BusyClient {
  readonly #socket: Socket;
  readonly #took: (ms: number) => void;
  #received = "";
  #sentAt = 0;
  #answered: ((head: string) => void) | undefined;
  #busy = false;
  failed = false;

  constructor(socket: Socket, took: (ms: number) => void) {
    this.#socket = socket;
    this.#took = took;
    socket.setNoDelay(true);
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.#read(text));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.failed = true;
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
    if (!head.startsWith("HTTP/1.1 200")) this.failed = true;
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
    const { hostname, port } = new URL(url);
    const placed = new Map<string, number>();
    const wanted = [...parts];
    for (let opened = 0; this.#clients.length < parts.reduce((a, b) => a + b); opened++) {
      if (opened === MOST_OPENED)
        throw new Error(`${opened} connections, and not every acceptor has its part`);
      const socket = connect(Number(port), hostname);
      await once(socket, "connect");
      const client = new BusyClient(socket, (ms) => this.#times.push(ms));
      const acceptor = await client.acceptor();
      if (!placed.has(acceptor)) placed.set(acceptor, wanted.shift() ?? 0);
      const room = placed.get(acceptor) ?? 0;
      if (room > 0) {
        placed.set(acceptor, room - 1);
        this.#clients.push(client);
      } else client.close();
    }
  }

  begin(): void {
    for (const client of this.#clients) client.begin();
  }

  /** Answer times since the last call. */
  take(): number[] {
    if (this.#clients.some(({ failed }) => failed))
      throw new Error("A request failed, or a connection ended");
    const times = this.#times;
    this.#times = [];
    return times;
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }
}
