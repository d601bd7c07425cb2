import { once } from "node:events";
import { connect, type Socket } from "node:net";

const REQUEST = "GET /fast HTTP/1.1\r\nHost: fast.test\r\n\r\n";
/** What every answer ends with; see servers.ts. */
const END = "x".repeat(64);
/** Between an answer and the next request of a connection. */
const PAUSE_MS = 200;

/** Latencies in milliseconds, and answers that were none. */
export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
  readonly requests: number;
  readonly failures: number;
}

/** Clients that ask, read, and pause. They run until they are disposed of; latencies are taken when somebody asks. */
export class WellBehaved implements Disposable {
  readonly #sockets: Socket[] = [];
  #samples: number[] = [];
  #failures = 0;

  static async start(port: number, count: number): Promise<WellBehaved> {
    const clients = new WellBehaved();
    for (let i = 0; i < count; i++) await clients.#begin(port);
    return clients;
  }

  /** Of the requests since this was last called. */
  take(): Latencies {
    const sorted = Float64Array.from(this.#samples).sort();
    const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
    const taken = {
      p50: at(0.5),
      p99: at(0.99),
      most: at(1),
      requests: sorted.length,
      failures: this.#failures,
    };
    this.#samples = [];
    this.#failures = 0;
    return taken;
  }

  async #begin(port: number): Promise<void> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    this.#sockets.push(socket);
    let text = "";
    let askedAt = 0;
    const ask = (): void => {
      text = "";
      askedAt = performance.now();
      socket.write(REQUEST);
    };
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk;
      if (!text.endsWith(END)) return;
      if (text.startsWith("HTTP/1.1 200 ")) this.#samples.push(performance.now() - askedAt);
      else this.#failures++;
      setTimeout(ask, PAUSE_MS);
    });
    socket.on("error", () => {}).on("close", () => this.#failures++);
    // Not all in one moment.
    setTimeout(ask, Math.random() * PAUSE_MS);
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.removeAllListeners("close").destroy();
  }
}
