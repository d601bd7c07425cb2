import { createRequire } from "node:module";
import { join } from "node:path";
import { HOST } from "../loopback.ts";
import type { Load, LoadGenerator, LoadResult } from "./generator.ts";

const program = join(import.meta.dirname, "autocannon-program.ts");

/** Stands in where wrk is missing. It costs more CPU than most proxies do, so requests/s may be its own limit. */
export function autocannon(): LoadGenerator {
  const { version } = createRequire(import.meta.url)("autocannon/package.json");
  return {
    description: `autocannon ${version} (wrk is not installed; Debian: apt-get install wrk), latencies in whole ms`,
    command: autocannonCommand,
    parse: parseAutocannon,
  };
}

function autocannonCommand({ port, scenario, connections, seconds }: Load): readonly string[] {
  const { method, path, requestBytes, depth, ownConnection } = scenario;
  const body = "x".repeat(requestBytes);
  const close = ownConnection ? { connection: "close" } : {};
  const options = {
    url: `http://${HOST}:${port}${path}`,
    connections,
    duration: seconds,
    pipelining: depth,
    requests: [
      { method, body, headers: close },
      { method, body, headers: { cookie: "tier=gold", ...close } },
    ],
  };
  return [process.execPath, program, JSON.stringify(options)];
}

/** The parts of autocannon's result that are read here. */
interface AutocannonResult {
  readonly duration: number;
  readonly requests: { readonly total: number };
  readonly throughput: { readonly total: number };
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly errors: number;
  readonly timeouts: number;
  readonly non2xx: number;
}

/** Reads the JSON that autocannon-program.ts prints. Throws when it is none. */
export function parseAutocannon(output: string): LoadResult {
  const result: AutocannonResult = JSON.parse(output);
  const errors = {
    "failed requests": result.errors - result.timeouts,
    timeouts: result.timeouts,
    "answers other than 2xx": result.non2xx,
  };
  return {
    seconds: result.duration,
    requests: result.requests.total,
    bytes: result.throughput.total,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    errors: Object.fromEntries(Object.entries(errors).filter(([, count]) => count > 0)),
  };
}
