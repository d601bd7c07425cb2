import { once } from "node:events";
import { connect, type Socket } from "node:net";

const REQUEST = "GET /fast HTTP/1.1\r\nHost: fast.test\r\n\r\n";
/** What every answer ends with; see servers.ts. */
const END = "x".repeat(64);
/** Of each connection: it asks once in this time, at moments of its own that nothing moves. */
const PERIOD_MS = 200;

/** Latencies in milliseconds, and answers that were none. */
export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
  readonly requests: number;
  readonly failures: number;
}

/**
 * Clients that ask, read, and wait for their next moment. The moments of all of them are spread evenly over the period
 * and stay so: clients that paused after each answer would gather into crowds, and the p99 would be that of the crowd.
 * They run until they are disposed of; latencies are taken when somebody asks.
 */
export class WellBehaved implements Disposable {
  readonly #sockets: Socket[] = [];
  #samples: number[] = [];
  #failures = 0;

  static async start(port: number, count: number): Promise<WellBehaved> {
    const clients = new WellBehaved();
    const now = performance.now();
    for (let i = 0; i < count; i++) await clients.#begin(port, now + (i * PERIOD_MS) / count);
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

  /** `moment`: one of the moments at which it asks. */
  async #begin(port: number, moment: number): Promise<void> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    this.#sockets.push(socket);
    let text = "";
    let askedAt = 0;
    let next = moment;
    const ask = (): void => {
      text = "";
      askedAt = performance.now();
      next += PERIOD_MS;
      socket.write(REQUEST);
    };
    const askInTime = (): void => {
      const now = performance.now();
      while (next <= now) next += PERIOD_MS;
      setTimeout(ask, next - now);
    };
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk;
      if (!text.endsWith(END)) return;
      if (text.startsWith("HTTP/1.1 200 ")) this.#samples.push(performance.now() - askedAt);
      else this.#failures++;
      askInTime();
    });
    socket.on("error", () => {}).on("close", () => this.#failures++);
    askInTime();
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.removeAllListeners("close").destroy();
  }
}
