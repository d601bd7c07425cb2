import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pinned } from "../children.ts";
import { compileC } from "../compiler.ts";

export interface OpenLoopLoad {
  readonly port: number;
  readonly path: string;
  readonly connections: number;
  /** Requests per second. */
  readonly rate: number;
  readonly seconds: number;
  /** Of every whole answer. */
  readonly answerOctets: number;
}

export interface OpenLoopResult {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** The longest of all. */
  readonly mostMs: number;
  /** How late requests were sent, the 99th percentile: because the client was late, or no connection was free. */
  readonly lateP99Ms: number;
  /** What went wrong as a sentence; undefined when nothing did. */
  readonly fault: string | undefined;
}

/** Compiles the client into `dir`; returns its path. */
export function compileOpenLoop(dir: string): string {
  return compileC(join(import.meta.dirname, "open-loop.c"), dir);
}

/** Offers the load to its end. Rejects when the client fails, and kills it when it does not end in time. */
export async function offerLoad(
  program: string,
  { port, path, connections, rate, seconds, answerOctets }: OpenLoopLoad,
  core: number | undefined,
  signal: AbortSignal,
): Promise<OpenLoopResult> {
  const numbers = [port, connections, rate, seconds, answerOctets].map(String);
  const [file = "", ...rest] = pinned(core, [program, ...numbers, path]);
  const limit = AbortSignal.any([signal, AbortSignal.timeout((seconds + 10) * 1_000)]);
  const client = spawn(file, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    signal: limit,
    killSignal: "SIGKILL",
  });
  const [output, complaint] = await Promise.all([
    text(client.stdout),
    text(client.stderr),
    once(client, "close"),
  ]);
  if (!output.startsWith("{"))
    throw new Error(`the open loop failed: ${complaint.trim() || "it said nothing"}`);
  return readResult(JSON.parse(output));
}

/** What open-loop.c prints. */
interface Printed extends Omit<OpenLoopResult, "fault"> {
  readonly requests: number;
  readonly answered: number;
  readonly refused: number;
  readonly closed: number;
}

export function readResult({ requests, answered, refused, closed, ...latencies }: Printed): OpenLoopResult {
  const faults = [
    closed > 0 && "a connection was closed",
    refused > 0 && `${refused} answers other than 200`,
    answered < requests && `${requests - answered} of ${requests} requests not answered`,
  ];
  return {
    p50Ms: latencies.p50Ms,
    p99Ms: latencies.p99Ms,
    p999Ms: latencies.p999Ms,
    mostMs: latencies.mostMs,
    lateP99Ms: latencies.lateP99Ms,
    fault: faults.filter(Boolean).join(", ") || undefined,
  };
}
