import { join } from "node:path";
import { HOST } from "../loopback.ts";
import type { Load, LoadGenerator, LoadResult } from "./generator.ts";

const script = join(import.meta.dirname, "wrk.lua");

const RESULT_FIELDS = [
  "microseconds",
  "requests",
  "bytes",
  "p50",
  "p99",
  "connect",
  "read",
  "write",
  "timeout",
  "status",
] as const;

type WrkResult = Readonly<Record<(typeof RESULT_FIELDS)[number], number>>;

export function wrk(version: string): LoadGenerator {
  const name = version.replace(/ \[.*/, "");
  return { description: `${name}, one thread`, command: wrkCommand, parse: parseWrk };
}

function wrkCommand({ port, scenario, connections, seconds }: Load): readonly string[] {
  const { method, path, requestBytes, depth, ownConnection } = scenario;
  const options = ["-t", "1", "-c", `${connections}`, "-d", `${seconds}s`, "--timeout", "10s", "--latency"];
  const request = [method, path, `${requestBytes}`, `${depth}`, ownConnection ? "close" : "keep-alive"];
  return ["wrk", ...options, "-s", script, `http://${HOST}:${port}`, "--", ...request];
}

/** Reads the line that wrk.lua prints at the end. Throws when it is missing or incomplete: wrk gave up. */
export function parseWrk(output: string): LoadResult {
  const json = /^result (\{.*\})$/m.exec(output)?.[1];
  if (json === undefined) throw new Error('Cannot read what wrk printed: expected a line "result {...}"');
  const { microseconds, requests, bytes, p50, p99, ...failures } = readFields(JSON.parse(json));
  return {
    seconds: microseconds / 1e6,
    requests,
    bytes,
    p50Ms: p50 / 1e3,
    p99Ms: p99 / 1e3,
    errors: readableErrors(failures),
  };
}

function readFields(value: Partial<WrkResult>): WrkResult {
  const missing = RESULT_FIELDS.find((field) => typeof value[field] !== "number");
  if (missing === undefined) return value as WrkResult;
  throw new Error(`Cannot read wrk's result: expected a number as "${missing}", found ${value[missing]}`);
}

function readableErrors({
  connect,
  read,
  write,
  timeout,
  status,
}: Partial<WrkResult>): Record<string, number> {
  const named = {
    "failed connections": connect,
    "failed reads": read,
    "failed writes": write,
    timeouts: timeout,
    // what wrk calls an error of status; 3xx cannot occur, the answers were checked before
    "answers of 400 and above": status,
  };
  return Object.fromEntries(
    Object.entries(named).filter((entry): entry is [string, number] => Boolean(entry[1])),
  );
}
