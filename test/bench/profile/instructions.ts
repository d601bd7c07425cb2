import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { versionOf } from "../machine.ts";
import { readAllStats, treeOf } from "../process-cpu.ts";

/**
 * Instructions that a tree of processes executes within `seconds`, user and kernel; a sentence where they cannot be
 * counted, as on most virtual machines.
 */
export async function countInstructions(pid: number, seconds: number): Promise<number | string> {
  if (versionOf("perf", "--version") === undefined)
    return "perf is not installed (Debian: apt-get install linux-perf)";
  const pids = treeOf(pid, readAllStats()).map((stat) => stat.pid);
  const count = ["stat", "-x", ",", "-e", "instructions", "-p", pids.join(), "--", "sleep", `${seconds}`];
  const perf = spawn("perf", count, { stdio: ["ignore", "ignore", "pipe"], timeout: (seconds + 10) * 1_000 });
  const [said] = await Promise.all([text(perf.stderr), once(perf, "close")]);
  return parseInstructions(said);
}

/** Reads `perf stat -x ,`: the number is the first field of its line. */
export function parseInstructions(said: string): number | string {
  const line = said.split("\n").find((candidate) => candidate.includes(",instructions"));
  const number = Number.parseInt(line ?? "", 10);
  if (!Number.isNaN(number)) return number;
  if (line?.startsWith("<not supported>")) return "this machine has no counter of instructions";
  return `perf counts no instructions here: ${said.trim().split("\n")[0] || "it said nothing"}`;
}
