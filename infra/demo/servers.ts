import { createServer } from "node:http";

/**
 * The four sample servers of the demonstration, in a process of their own. Each says who it is, what it was asked
 * for, and how many it has answered; two are quick and two are not.
 */

export interface SampleServer {
  readonly name: string;
  readonly port: number;
  /** How long it takes to answer. */
  readonly answersInMs: number;
}

export type SampleNotice =
  | { readonly kind: "listening" }
  /** A sentence for whoever started the demonstration. */
  | { readonly kind: "failed"; readonly reason: string };

export const SAMPLE_SERVERS: readonly SampleServer[] = [
  { name: "g1", port: 9001, answersInMs: 5 },
  { name: "g2", port: 9002, answersInMs: 10 },
  { name: "s1", port: 9003, answersInMs: 80 },
  { name: "s2", port: 9004, answersInMs: 160 },
];

/** Longer than the load balancer keeps an idle connection, so that it is never this end that closes one. */
const KEEP_ALIVE_MS = 120_000;

function serve({ name, port, answersInMs }: SampleServer): Promise<void> {
  let answered = 0;
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    request.resume();
    setTimeout(() => {
      answered += 1;
      response.setHeader("content-type", "text/plain; charset=utf-8");
      response.end(`${name} answers ${request.method} ${request.url} (its request ${answered})\n`);
    }, answersInMs);
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(new Error(obstacle(name, port, error))));
    server.listen(port, "127.0.0.1", resolve);
  });
}

function obstacle(name: string, port: number, error: Error): string {
  const taken = "code" in error && error.code === "EADDRINUSE";
  const reason = taken ? "another program listens there already" : error.message;
  return `Cannot start sample server ${name} on 127.0.0.1:${port}: ${reason}.`;
}

function tell(notice: SampleNotice): void {
  process.send?.(notice);
}

if (process.send !== undefined) {
  // Ended by whoever started it, after the last answer; and with it, however that ends.
  process.on("SIGINT", () => {});
  process.on("disconnect", () => process.exit(0));
  try {
    await Promise.all(SAMPLE_SERVERS.map(serve));
    tell({ kind: "listening" });
  } catch (error) {
    tell({ kind: "failed", reason: error instanceof Error ? error.message : String(error) });
  }
}
