import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { delay } from "./eventually.ts";
import { get } from "./raw-client.ts";

/** Behind a refusal a client waits for so long, so that refusals do not take all of the machine. */
const AFTER_REFUSAL_MS = 10;
const REQUEST = get("/");

/** Clients that each ask again as soon as they are answered, until they are told to stop; counted by status. */
export class SteadyLoad implements AsyncDisposable {
  readonly statuses = new Map<number, number>();
  /** Connections that broke. */
  broken = 0;
  readonly #url: URL;
  readonly #clients: Promise<void>[];
  #stopped = false;

  constructor(url: string, connections: number) {
    this.#url = new URL(url);
    this.#clients = Array.from({ length: connections }, () => this.#client());
  }

  get answered(): number {
    return [...this.statuses.values()].reduce((sum, count) => sum + count, 0);
  }

  count(status: number): number {
    return this.statuses.get(status) ?? 0;
  }

  /** A connection that breaks is followed by another, which may well meet another acceptor. */
  async #client(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#ask();
      } catch {
        this.broken++;
        await delay(AFTER_REFUSAL_MS);
      }
    }
  }

  async #ask(): Promise<void> {
    const socket = connect({ host: this.#url.hostname, port: Number(this.#url.port), noDelay: true });
    try {
      await once(socket, "connect");
      while (!this.#stopped) {
        socket.write(REQUEST);
        const status = await answer(socket);
        this.statuses.set(status, this.count(status) + 1);
        if (status === 503) await delay(AFTER_REFUSAL_MS);
      }
    } finally {
      socket.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#clients);
  }
}

/** The status of the next answer, which has a Content-Length. */
function answer(socket: Socket): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = "";
    const ended = (): void => done(() => reject(new Error("the connection ended")));
    const read = (chunk: Buffer): void => {
      received += chunk.toString("latin1");
      const headEnds = received.indexOf("\r\n\r\n");
      const [, length] = /\r\ncontent-length: (\d+)\r\n/i.exec(received) ?? [];
      if (headEnds < 0 || received.length < headEnds + 4 + Number(length)) return;
      done(() => resolve(Number(received.slice(9, 12))));
    };
    const done = (settle: () => void): void => {
      socket.off("data", read).off("close", ended).off("error", ended);
      settle();
    };
    socket.on("data", read).on("close", ended).on("error", ended);
  });
}
