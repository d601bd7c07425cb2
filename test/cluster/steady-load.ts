import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { OctetSource } from "../support/octet-source.ts";
import { get, post } from "../support/raw-client.ts";
import { field, readResponse } from "../support/response-reader.ts";

/** Requests of one connection before the client makes a new one: accepting is put to the test, too. */
const REQUESTS_PER_CONNECTION = 40;
/** One request in so many is a POST, which nobody may send twice. */
const POST_EVERY = 5;
/** An answer that takes longer has failed. */
const PATIENCE_MS = 10_000;

export interface LoadReport {
  readonly requests: number;
  readonly failures: readonly string[];
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

/**
 * Clients that ask one request after the other for as long as they are not told to stop: each over connections that it
 * keeps, and now and then a new one. What is no answer with status 200 is a failure, whatever the reason.
 */
export class SteadyLoad implements AsyncDisposable {
  readonly #clients: Promise<void>[];
  #latencies: number[] = [];
  #failures: string[] = [];
  #stopped = false;
  #number = 0;

  /** @param pauseMs between an answer and the next request of the same client */
  constructor(urls: readonly string[], clientsPerUrl: number, pauseMs: number) {
    this.#clients = urls.flatMap((url) =>
      Array.from({ length: clientsPerUrl }, () => this.#client(url, pauseMs)),
    );
  }

  /** Of what was answered since this was last called. */
  take(): LoadReport {
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
    const report = {
      requests: sorted.length,
      failures: this.#failures,
      p50: at(0.5),
      p99: at(0.99),
      most: at(1),
    };
    this.#latencies = [];
    this.#failures = [];
    return report;
  }

  async #client(url: string, pauseMs: number): Promise<void> {
    // Not all in one moment.
    await pause(Math.random() * 200);
    while (!this.#stopped) await this.#connection(url, pauseMs);
  }

  async #connection(url: string, pauseMs: number): Promise<void> {
    const { hostname: host, port } = new URL(url);
    const socket = connect({ host, port: Number(port), noDelay: true });
    socket.on("error", () => {});
    let doing = "connect";
    try {
      await once(socket, "connect", { signal: AbortSignal.timeout(PATIENCE_MS) });
      const source = new OctetSource(socket.iterator({ destroyOnReturn: false }));
      for (let i = 0; i < REQUESTS_PER_CONNECTION && !this.#stopped; i++) {
        const number = this.#number++;
        doing = `request ${i + 1} of a connection`;
        if (await this.#ask(socket, source, number)) return;
        await pause(pauseMs);
      }
    } catch (error) {
      this.#failures.push(`${url}: ${doing}: ${error instanceof Error ? error.message : String(error)}`);
      await pause(20);
    } finally {
      socket.destroy();
    }
  }

  /** Returns whether the connection ends behind the answer. */
  async #ask(socket: Socket, source: OctetSource, number: number): Promise<boolean> {
    const isPost = number % POST_EVERY === 0;
    const startedAt = performance.now();
    const patience = setTimeout(() => socket.destroy(new Error("no answer in time")), PATIENCE_MS);
    try {
      socket.write(isPost ? post(`/p/${number}`, "content") : get(`/g/${number}`));
      const response = await readResponse(source, isPost ? "POST" : "GET");
      if (response.status !== 200) throw new Error(`status ${response.status}: ${response.text.trim()}`);
      this.#latencies.push(performance.now() - startedAt);
      return field(response, "connection") === "close";
    } finally {
      clearTimeout(patience);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#clients);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
