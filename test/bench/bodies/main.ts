/** `npm run bench:bodies`: long contents, in both directions. README.md of the benchmark tells how it is read. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { Child, pinned } from "../children.ts";
import { Contender } from "../contender.ts";
import { accepts, serverPorts } from "../loopback.ts";
import { describeMachine, revision } from "../machine.ts";
import { hundredths, spread, whole } from "../numbers.ts";
import { treeCpuSeconds } from "../process-cpu.ts";
import { treeResidentKiB } from "../process-memory.ts";
import { pairedRatios } from "../statistics.ts";
import { table } from "../table.ts";
import { type Target, targets } from "../targets.ts";
import { root } from "../versions.ts";
import type { Direction, Work, WorkDone } from "./work.ts";

const usage = "Usage: npm run bench:bodies -- [--rounds 5] [--contents 1m,1g] [--out FILE]";

const TARGETS = ["shunt", "haproxy", "nginx"];
const MIB = 2 ** 20;
const LOOK_MS = 50;
const PATIENCE_MS = 60_000;
const LIMIT_MS = 1_200_000;

interface Cell {
  readonly title: string;
  readonly content: string;
  readonly direction: Direction;
  readonly bytes: number;
  readonly messages: number;
  readonly connections: number;
}

const short = { content: "1m", bytes: MIB, messages: 512, connections: 8 };
const long = { content: "1g", bytes: 1_024 * MIB, messages: 1, connections: 1 };
const CELLS: readonly Cell[] = [
  { title: "1 MiB down", direction: "down", ...short },
  { title: "1 MiB up", direction: "up", ...short },
  { title: "1 GiB down", direction: "down", ...long },
  { title: "1 GiB up", direction: "up", ...long },
];

interface Sample {
  readonly gigabytesPerSecond: number;
  readonly cpuPerGigabyte: number;
  readonly residentMiB: number;
}

const run = promisify(execFile);

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "5" },
      contents: { type: "string", default: "1m,1g" },
      out: { type: "string" },
    },
  });
  const contents = values.contents.split(",");
  const cells = CELLS.filter(({ content }) => contents.includes(content));
  const rounds = Number(values.rounds);
  if (!(rounds >= 1 && rounds <= 20) || cells.length === 0) {
    console.error(usage);
    return 1;
  }
  const rows = await measure(cells, rounds, AbortSignal.timeout(LIMIT_MS));
  const text = page(rounds, rows);
  console.log(text);
  if (values.out !== undefined) writeFileSync(values.out, text);
  return rows.some((row) => row.at(-1) !== "0") ? 1 : 0;
}

function page(rounds: number, rows: readonly (readonly string[])[]): string {
  const { cpu, cores, kernel, pinning } = describeMachine();
  const columns = [
    "content",
    "target",
    "GB/s",
    "CPU s per GB",
    "÷ HAProxy's",
    "most resident, MiB",
    "errors",
  ];
  return [
    "# Long contents",
    "",
    `- date: ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, revision ${revision(root) ?? "unknown"}`,
    `- machine: ${cpu}, cores: ${cores}, ${kernel}. ${pinning}`,
    `- rounds: ${rounds}, interleaved; 512 contents of 1 MiB over 8 connections, one of 1 GiB over one; client and servers are Node programs`,
    "",
    "Median (least-most).",
    "",
    table(columns, 2, rows),
    "",
  ].join("\n");
}

async function measure(cells: readonly Cell[], rounds: number, signal: AbortSignal): Promise<string[][]> {
  const { pins } = describeMachine();
  await using resources = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "shunt-bench-"));
  resources.defer(() => rm(dir, { recursive: true, force: true }));
  const ports = await serverPorts();
  const program = join(import.meta.dirname, "servers.ts");
  const command = [process.execPath, program, JSON.stringify(ports)];
  const servers = resources.use(Child.start("servers", command, { core: pins?.load, signal }));
  await servers.ready(() => accepts(ports.s2), PATIENCE_MS, signal);
  const contenders: Contender[] = [];
  for (const target of targets.filter(({ name }) => TARGETS.includes(name))) {
    if (target.version() === undefined) console.error(`${target.title} is skipped (${target.install}).`);
    else
      contenders.push(
        resources.use(await Contender.start(target, ports, join(dir, target.name), pins?.proxy, signal)),
      );
  }
  return await measureRounds(contenders, cells, rounds, pins?.load, signal);
}

async function measureRounds(
  contenders: readonly Contender[],
  cells: readonly Cell[],
  rounds: number,
  core: number | undefined,
  signal: AbortSignal,
): Promise<string[][]> {
  const all = new Map(cells.map((cell) => [cell, new Map<Target, (Sample | string)[]>()]));
  // the first time compiles code and is nobody's measure
  for (let round = -1; round < rounds; round++) {
    for (const [cell, byTarget] of all) {
      console.error(`round ${round + 1} of ${rounds}: ${cell.title}`);
      for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
        const sample = await measureOnce(contender, cell, core, signal);
        if (round >= 0) byTarget.set(contender.target, [...(byTarget.get(contender.target) ?? []), sample]);
      }
    }
  }
  return Array.from(all, ([cell, byTarget]) => rowsOf(cell, byTarget)).flat();
}

async function measureOnce(
  { pid, place }: Contender,
  { direction, bytes, messages, connections }: Cell,
  core: number | undefined,
  signal: AbortSignal,
): Promise<Sample | string> {
  const work: Work = { port: place.port, direction, bytes, messages, connections };
  const command = [process.execPath, join(import.meta.dirname, "client.ts"), JSON.stringify(work)];
  const [file = "", ...rest] = pinned(core, command);
  let mostKiB = 0;
  const looking = setInterval(() => {
    mostKiB = Math.max(mostKiB, treeResidentKiB(pid));
  }, LOOK_MS);
  try {
    const before = treeCpuSeconds(pid) ?? 0;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    const { stdout } = await run(file, rest, { signal: limit, killSignal: "SIGKILL" });
    const cpu = (treeCpuSeconds(pid) ?? 0) - before;
    const { seconds, fault }: WorkDone = JSON.parse(stdout);
    const gigabytes = (bytes * messages) / 1e9;
    const residentMiB = Math.max(mostKiB, treeResidentKiB(pid)) / 1_024;
    return fault ?? { gigabytesPerSecond: gigabytes / seconds, cpuPerGigabyte: cpu / gigabytes, residentMiB };
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof Error && "stderr" in error ? `${error.stderr}`.trim().slice(-200) : String(error);
  } finally {
    clearInterval(looking);
  }
}

function rowsOf(cell: Cell, byTarget: ReadonlyMap<Target, readonly (Sample | string)[]>): string[][] {
  const cpuOf = (samples: readonly (Sample | string)[]): (number | undefined)[] =>
    samples.map((sample) => (typeof sample === "string" ? undefined : sample.cpuPerGigabyte));
  const haproxy = Array.from(byTarget).find(([{ name }]) => name === "haproxy")?.[1] ?? [];
  return Array.from(byTarget, ([{ title }, samples]) => {
    const fault = samples.find((sample) => typeof sample === "string");
    if (fault !== undefined)
      return [cell.title, title, "-", "-", "-", "-", `void: ${fault.replaceAll(/\s+/g, " ").slice(0, 200)}`];
    const good = samples.filter((sample) => typeof sample !== "string");
    return [
      cell.title,
      title,
      spread(
        good.map(({ gigabytesPerSecond }) => gigabytesPerSecond),
        hundredths,
      ),
      spread(cpuOf(samples), hundredths),
      spread(pairedRatios(cpuOf(samples), cpuOf(haproxy)), hundredths),
      spread(
        good.map(({ residentMiB }) => residentMiB),
        whole,
      ),
      "0",
    ];
  });
}
