import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fraction, SeedSequence } from "../../../packages/core/src/random.ts";

/** Samples are no multiple of anything that happens ten times a second. */
const LOOK_EVERY_MS = 7;

/** What servers had outstanding while they were watched. */
export interface Spread {
  /** Mean distance between the fullest and the emptiest. */
  readonly range: number;
  readonly deviation: number;
  /** Distance between those that were the fullest and the emptiest over the whole time. */
  readonly lasting: number;
  /** Mean time of an answer, in milliseconds, from when the request was read to when the answer was written. */
  readonly serviceMs: number;
}

/**
 * Servers that wait before they answer: half of the time always, the other half by chance. They count what they have
 * outstanding, and answer with the id of the request, whose beginning is the acceptor's.
 */
export class WaitingServers {
  readonly urls: string[] = [];
  readonly #servers: Server[] = [];
  readonly #outstanding: number[];
  readonly #chance = new SeedSequence(2026);
  readonly #meansMs: readonly number[];
  /** Answers, and how long they took together. */
  #served = { count: 0, ms: 0 };

  constructor(meansMs: readonly number[]) {
    this.#meansMs = meansMs;
    this.#outstanding = meansMs.map(() => 0);
  }

  async listen(): Promise<void> {
    for (const index of this.#meansMs.keys()) {
      const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
        this.#add(index, 1);
        const began = performance.now();
        setTimeout(() => {
          this.#add(index, -1);
          this.#served.count++;
          this.#served.ms += performance.now() - began;
          response.writeHead(200, {
            "x-answered": request.headers["x-request-id"] ?? "",
            "content-length": 0,
          });
          response.end();
        }, this.#answerMs(index));
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      this.#servers.push(server);
      this.urls.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    }
  }

  /** Looks at them for so long. */
  async watch(ms: number): Promise<Spread> {
    const each = this.#outstanding.map(() => 0);
    let [count, range, deviation] = [0, 0, 0];
    this.#served = { count: 0, ms: 0 };
    const ticker = setInterval(() => {
      const now = this.#outstanding;
      const mean = sum(now) / now.length;
      count++;
      range += Math.max(...now) - Math.min(...now);
      deviation += Math.sqrt(sum(now.map((one) => (one - mean) ** 2)) / now.length);
      now.forEach((one, index) => {
        each[index] = (each[index] ?? 0) + one;
      });
    }, LOOK_EVERY_MS);
    await new Promise((resolve) => setTimeout(resolve, ms));
    clearInterval(ticker);
    const usual = each.map((total) => total / count);
    return {
      range: range / count,
      deviation: deviation / count,
      lasting: Math.max(...usual) - Math.min(...usual),
      serviceMs: this.#served.ms / this.#served.count,
    };
  }

  async close(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  #add(index: number, by: number): void {
    this.#outstanding[index] = (this.#outstanding[index] ?? 0) + by;
  }

  #answerMs(index: number): number {
    const half = (this.#meansMs[index] ?? 0) / 2;
    return half - half * Math.log(1 - fraction(this.#chance.next()));
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
