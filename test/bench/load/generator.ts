import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { pinned } from "../children.ts";
import { installed, versionOf } from "../machine.ts";
import type { Scenario } from "../scenarios.ts";
import { autocannon } from "./autocannon.ts";
import { wrk } from "./wrk.ts";

export interface Load {
  readonly port: number;
  readonly scenario: Scenario;
  readonly connections: number;
  readonly seconds: number;
}

/** What a load generator counted. */
export interface LoadResult {
  readonly seconds: number;
  /** Complete responses. */
  readonly requests: number;
  /** Bytes received, heads included. */
  readonly bytes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How many of each kind of failure there were; kinds that did not happen are left out. */
  readonly errors: Readonly<Record<string, number>>;
}

export interface LoadGenerator {
  /** Name, version, and what a reader has to know about its numbers. */
  readonly description: string;
  command(load: Load): readonly string[];
  /** Throws when the output is not what this generator prints. */
  parse(output: string): LoadResult;
}

/** Both send requests with and without the gold cookie in turn, over kept connections, and wait for each answer. */
export function chooseGenerator(): LoadGenerator {
  // wrk has no exit code for "I am here", and prints its version together with its usage
  return installed("wrk") ? wrk(versionOf("wrk", "-v") ?? "wrk") : autocannon();
}

/** Runs one measurement to its end. Rejects when the generator fails, and kills it when it does not end in time. */
export async function runLoad(
  generator: LoadGenerator,
  load: Load,
  core: number | undefined,
  signal: AbortSignal,
): Promise<LoadResult> {
  const command = generator.command(load);
  const [file = "", ...rest] = pinned(core, command);
  const limit = AbortSignal.any([signal, AbortSignal.timeout((load.seconds + 20) * 1_000)]);
  const child = spawn(file, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    signal: limit,
    killSignal: "SIGKILL",
  });
  const [output, complaint] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  try {
    return generator.parse(output);
  } catch (error) {
    throw new Error(`${command[0]} failed: ${(complaint || output).trim().slice(-300)}`, { cause: error });
  }
}
