/** `npm run stalls`: what a server that stalls does to requests that share its connections. README.md tells how it is read. */
import { type ChildProcess, execFile, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { onePool, type RunningShunt, startShunt } from "../../support/shunt.ts";
import { describeMachine } from "../machine.ts";
import { treeCpuSeconds } from "../process-cpu.ts";
import { type Summary, summarize } from "../statistics.ts";
import { table } from "../table.ts";

const SHARES = ["off", "auto"] as const;
type Share = (typeof SHARES)[number];

interface Round {
  readonly perSecond: number;
  readonly requests: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly errors: number;
  readonly cpuMicros: number;
  /** Parts of all requests, in per cent. */
  readonly shared: number;
  readonly moved: number;
}

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    connections: { type: "string", default: "32,128,512" },
  },
});
const { pins, pinning } = describeMachine();
if (pins !== undefined) pin(process.pid, pins.load);
console.log(`${pinning}\n`);
await using servers = forkServers();
const [{ ports }] = (await once(servers.process, "message")) as [{ ports: number[] }];
await using off = await start("off");
await using auto = await start("auto");
const shunts: Readonly<Record<Share, RunningShunt>> = { off, auto };
const rows: string[][] = [];
for (const connections of values.connections.split(",").map(Number)) {
  const rounds: Record<Share, Round[]> = { off: [], auto: [] };
  for (const share of SHARES) await measure(shunts[share], connections);
  for (let round = 0; round < Number(values.rounds); round++)
    for (const share of round % 2 === 0 ? SHARES : SHARES.toReversed())
      rounds[share].push(await measure(shunts[share], connections));
  for (const share of SHARES) rows.push(row(connections, share, rounds[share]));
}
const columns = ["connections", "share", "requests/s", "CPU µs/request", "p50 ms", "p99 ms", "p99.9 ms"];
console.log(table([...columns, "shared %", "moved %", "errors", ""], 2, rows));

async function start(share: Share): Promise<RunningShunt> {
  const options = onePool(...ports.map((port, i) => ({ name: `s${i}`, url: `http://127.0.0.1:${port}` })));
  const all = { ...options.pools?.all, servers: options.pools?.all?.servers ?? {}, share };
  const shunt = await startShunt({ ...options, pools: { all } });
  const core = pins?.proxy;
  if (core !== undefined) for (const pid of [shunt.child.pid ?? 0, ...shunt.household]) pin(pid, core);
  return shunt;
}

async function measure(shunt: RunningShunt, connections: number): Promise<Round> {
  const pid = shunt.child.pid ?? 0;
  const before = [treeCpuSeconds(pid) ?? 0, ...(await counters(shunt))];
  const wrk = ["-t1", `-c${connections}`, `-d${values.seconds}s`, "--timeout", "10s", "--latency"];
  const script = join(import.meta.dirname, "wrk.lua");
  const { stdout } = await promisify(execFile)("wrk", [...wrk, "-s", script, shunt.url]);
  const json = /^result (\{.*\})$/m.exec(stdout)?.[1];
  if (json === undefined) throw new Error(`Cannot read what wrk printed: ${stdout}`);
  const result: Omit<Round, "cpuMicros" | "shared" | "moved"> = JSON.parse(json);
  const cpu = (treeCpuSeconds(pid) ?? 0) - (before[0] ?? 0);
  // Acceptors report once a second.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const after = await counters(shunt);
  const parts = after.map((count, i) => ((count - (before[i + 1] ?? 0)) / result.requests) * 100);
  return {
    ...result,
    cpuMicros: (cpu / result.requests) * 1e6,
    shared: parts[0] ?? 0,
    moved: parts[1] ?? 0,
  };
}

async function counters(shunt: RunningShunt): Promise<number[]> {
  return [
    await shunt.metric("shunt_requests_shared_total"),
    await shunt.metric("shunt_requests_moved_total"),
  ];
}

function row(connections: number, share: Share, rounds: readonly Round[]): string[] {
  const of = (value: (round: Round) => number, digits: number): string =>
    text(summarize(rounds.map(value)), digits);
  return [
    String(connections),
    share,
    of(({ perSecond }) => perSecond, 0),
    of(({ cpuMicros }) => cpuMicros, 1),
    of(({ p50 }) => p50 / 1e3, 2),
    of(({ p99 }) => p99 / 1e3, 1),
    of(({ p999 }) => p999 / 1e3, 1),
    of(({ shared }) => shared, 1),
    of(({ moved }) => moved, 2),
    String(rounds.reduce((sum, { errors }) => sum + errors, 0)),
    "",
  ];
}

function text(summary: Summary | undefined, digits: number): string {
  if (summary === undefined) return "-";
  const [median, least, most] = [summary.median, summary.least, summary.most].map((n) => n.toFixed(digits));
  return `${median} (${least}-${most})`;
}

/** A process and all its threads on one core: what is measured does not compete with what measures. */
function pin(pid: number, core: number): void {
  execFileSync("taskset", ["-acp", String(core), String(pid)], { stdio: "ignore" });
}

function forkServers(): AsyncDisposable & { readonly process: ChildProcess } {
  const forked = fork(join(import.meta.dirname, "servers.ts"));
  return {
    process: forked,
    [Symbol.asyncDispose]: async () => {
      const exit = once(forked, "exit");
      forked.disconnect();
      await exit;
    },
  };
}
