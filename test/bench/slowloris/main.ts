/** `npm run slowloris`: what slow clients do to others. README.md of the benchmark tells how it is read. */
import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onePool, type RunningShunt, startShunt } from "../../support/shunt.ts";
import { describeMachine } from "../machine.ts";
import { table } from "../table.ts";
import { KINDS, type Kind, type SlowReport, type Tallies } from "./messages.ts";
import { type Latencies, WellBehaved } from "./well-behaved.ts";

const WELL_BEHAVED = 200;
/**
 * 2,000 in all. Few of them are readers: on loopback, where a segment has 64 KiB, the kernel keeps up to 4 MiB for each,
 * and hundreds of them bring all its TCP near its bound (tcp_mem). That would measure the kernel.
 */
const SLOW: Readonly<Record<Kind, number>> = { heads: 900, bodies: 900, readers: 200 };
const ALL_SLOW = SLOW.heads + SLOW.bodies + SLOW.readers;
/** Of each row that latencies are compared in. */
const WINDOW_MS = 15_000;
/** Until clients and code are warm, and again until the servers have given the readers what the kernel takes. */
const SETTLE_MS = 3_000;
/**
 * All slow clients are open for a while before the first is late. A window of the pace is 30 s. Readers are cut after one
 * to two times `bodyIdleMs`, and once more so when the memory of others lets the kernel take more for them.
 */
const TIMEOUTS = { headMs: 25_000, bodyIdleMs: 20_000, drainMs: 500 };
const ALL_ENDED_MS = 90_000;
const OPENED_MS = 10_000;
/** Of this process, of the slow clients and of the acceptor: a connection of each to a server included. */
const DESCRIPTORS = 2 * (ALL_SLOW + WELL_BEHAVED) + 100;

process.exitCode = await main();

async function main(): Promise<number> {
  if (openFiles() < DESCRIPTORS) {
    console.error(`This needs ${DESCRIPTORS} open files in a process; ulimit -Hn says ${openFiles()}.`);
    return 1;
  }
  const { pins, pinning } = describeMachine();
  if (pins !== undefined) pin(process.pid, pins.load);
  console.log(`${pinning}\n`);
  await using servers = child("servers.ts");
  const [{ ports }] = (await once(servers.process, "message")) as [{ ports: number[] }];
  const named = ports.map((port, i) => ({ name: `s${i}`, url: `http://127.0.0.1:${port}` }));
  await using shunt = await startShunt({ ...onePool(...named), timeouts: TIMEOUTS });
  return await measure(shunt, pins?.proxy);
}

async function measure(shunt: RunningShunt, core: number | undefined): Promise<number> {
  const port = Number(new URL(shunt.url).port);
  const { pid } = await shunt.acceptor();
  if (core !== undefined) for (const one of [pid, ...shunt.household]) pin(one, core);
  using clients = await WellBehaved.start(port, WELL_BEHAVED);
  await sleep(SETTLE_MS);
  clients.take();
  await sleep(WINDOW_MS);
  const before = clients.take();
  const rows = [row("before", before, pid)];
  await using slow = child("slow-clients.ts", String(port), JSON.stringify(SLOW));
  let tallies: Tallies | undefined;
  slow.process.on("message", (report: SlowReport) => {
    tallies = report.tallies;
  });
  await until(() => sum(tallies, "opened") === ALL_SLOW, OPENED_MS);
  await sleep(SETTLE_MS);
  clients.take();
  await sleep(WINDOW_MS);
  const beside = clients.take();
  rows.push(row("beside all of them", beside, pid));
  const ended = await until(() => endedOf(tallies) === ALL_SLOW, ALL_ENDED_MS);
  rows.push(row("while they are cut", clients.take(), pid));
  await sleep(WINDOW_MS);
  const after = clients.take();
  rows.push(row("after them", after, pid));
  console.log(
    table(
      ["200 well-behaved clients", "p50 ms", "p99 ms", "most ms", "requests", "failures", "RSS MiB", ""],
      1,
      rows,
    ),
  );
  console.log(`\n${table(["slow clients", "opened", "answered", "cut", ""], 1, tallyRows(tallies))}`);
  const times = (other: Latencies): string => (beside.p99 / other.p99).toFixed(2);
  console.log(
    `\np99 beside the slow clients: ${times(before)} of what it was before, ${times(after)} of after.`,
  );
  return ended ? 0 : 1;
}

/** A process and all its threads, on one core: what is measured does not compete with what measures. */
function pin(pid: number, core: number): void {
  execFileSync("taskset", ["-acp", String(core), String(pid)], { stdio: "ignore" });
}

function row(phase: string, { p50, p99, most, requests, failures }: Latencies, pid: number): string[] {
  const times = [p50, p99, most].map((ms) => ms.toFixed(2));
  return [phase, ...times, String(requests), String(failures), residentMiB(pid), ""];
}

function tallyRows(tallies: Tallies | undefined): string[][] {
  return KINDS.map((kind) => {
    const { opened = 0, answered = 0, cut = 0 } = tallies?.[kind] ?? {};
    return [kind, String(opened), String(answered), String(cut), ""];
  });
}

function sum(tallies: Tallies | undefined, what: "opened" | "answered" | "cut"): number {
  return KINDS.reduce((all, kind) => all + (tallies?.[kind][what] ?? 0), 0);
}

function endedOf(tallies: Tallies | undefined): number {
  return sum(tallies, "answered") + sum(tallies, "cut");
}

/** Whether it came to hold within `ms`. */
async function until(holds: () => boolean, ms: number): Promise<boolean> {
  const end = performance.now() + ms;
  while (!holds()) {
    if (performance.now() > end) return false;
    await sleep(100);
  }
  return true;
}

/** VmRSS of proc(5), at this moment. */
function residentMiB(pid: number): string {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return (Number(kib) / 1_024).toFixed(0);
}

/** Node raises what a process may open to the hard limit when it starts. */
function openFiles(): number {
  const [, hard] = /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  return Number(hard ?? Number.POSITIVE_INFINITY);
}

/** A program beside this file, which ends when this process does, or when it is disposed of. */
function child(program: string, ...args: string[]): AsyncDisposable & { readonly process: ChildProcess } {
  const forked = fork(join(import.meta.dirname, program), args);
  return {
    process: forked,
    [Symbol.asyncDispose]: async () => {
      const exit = once(forked, "exit");
      forked.disconnect();
      await exit;
    },
  };
}
