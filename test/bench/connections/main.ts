/** `npm run bench:connections`: what an idle connection costs in memory. README.md of the benchmark tells how it is read. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Contender } from "../contender.ts";
import { describeMachine, revision } from "../machine.ts";
import { spread, whole } from "../numbers.ts";
import { treeResidentKiB } from "../process-memory.ts";
import { startSampleServers } from "../servers/sample-servers.ts";
import { table } from "../table.ts";
import { type Target, targets } from "../targets.ts";
import { root } from "../versions.ts";

const usage = `Usage: npm run bench:connections -- [--connections 20000] [--rounds 3] [--out FILE]

Where a process may open fewer files, there are fewer connections; to raise it: ulimit -n 65536 (root), or limits.conf.`;

/** Those that answer 20,000 clients from one process. */
const TARGETS = ["shunt", "haproxy", "nginx"];
/** Connections that are opened and closed before anything counts: code is compiled, pools are filled. */
const WARM_UP = 2_000;
/** Until memory that is not needed any more has been given back. */
const SETTLE_MS = 3_000;
const OPEN_MS = 60_000;
/** Open files of a proxy beside its client connections. */
const OTHER_FILES = 500;
const LIMIT_MS = 900_000;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      connections: { type: "string", default: "20000" },
      rounds: { type: "string", default: "3" },
      out: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const rounds = Number(values.rounds);
  if (values.help || !(Number(values.connections) <= 100_000) || !(rounds >= 1 && rounds <= 20)) {
    console.log(usage);
    return values.help ? 0 : 1;
  }
  const wanted = Number(values.connections);
  const connections = Math.min(wanted, openFiles() - OTHER_FILES);
  if (connections < wanted) {
    console.error(
      `A process may open ${openFiles()} files here, so there are ${connections} connections. ${usage}`,
    );
  }
  const rows = await measure(connections, rounds, AbortSignal.timeout(LIMIT_MS));
  const text = page(connections, rounds, rows);
  console.log(text);
  if (values.out !== undefined) writeFileSync(values.out, text);
  return rows.some((row) => row.at(-1) !== "0") ? 1 : 0;
}

function page(connections: number, rounds: number, rows: readonly (readonly string[])[]): string {
  const { cpu, cores, kernel } = describeMachine();
  return [
    `# ${connections} idle connections`,
    "",
    `- date: ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, revision ${revision(root) ?? "unknown"}, ${rounds} rounds`,
    `- machine: ${cpu}, cores: ${cores}, ${kernel}`,
    "",
    "Resident memory of all processes of the proxy: before, and with the connections, each of which has had an answer. Median (least-most).",
    "",
    table(["target", "before, MiB", "with them, MiB", "bytes per connection", "errors"], 1, rows),
    "",
  ].join("\n");
}

async function measure(connections: number, rounds: number, signal: AbortSignal): Promise<string[][]> {
  const dir = await mkdtemp(join(tmpdir(), "shunt-bench-"));
  await using resources = new AsyncDisposableStack();
  resources.defer(() => rm(dir, { recursive: true, force: true }));
  const servers = resources.use(await startSampleServers(join(dir, "servers"), 0, undefined, signal));
  const rows: string[][] = [];
  for (const target of targets.filter(({ name }) => TARGETS.includes(name))) {
    if (target.version() === undefined) {
      console.error(`${target.title} is not installed and is skipped (${target.install}).`);
      continue;
    }
    rows.push(
      await row(target, connections, rounds, async (round) => {
        const place = join(dir, `${target.name}-${round}`);
        await using contender = await Contender.start(target, servers.ports, place, undefined, signal, {
          connections,
        });
        return await residentAround(contender, connections, signal);
      }),
    );
  }
  return rows;
}

interface Residents {
  readonly beforeKiB: number;
  readonly withThemKiB: number;
}

async function row(
  target: Target,
  connections: number,
  rounds: number,
  measureOnce: (round: number) => Promise<Residents>,
): Promise<string[]> {
  const seen: Residents[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      console.error(`${target.title}, round ${round + 1} of ${rounds}`);
      seen.push(await measureOnce(round));
    }
  } catch (error) {
    return [target.title, "-", "-", "-", `void: ${error instanceof Error ? error.message : error}`];
  }
  const each = ({ beforeKiB, withThemKiB }: Residents): number =>
    ((withThemKiB - beforeKiB) * 1_024) / connections;
  return [
    target.title,
    spread(
      seen.map(({ beforeKiB }) => beforeKiB / 1_024),
      whole,
    ),
    spread(
      seen.map(({ withThemKiB }) => withThemKiB / 1_024),
      whole,
    ),
    spread(seen.map(each), whole),
    "0",
  ];
}

async function residentAround(
  { pid, place }: Contender,
  connections: number,
  signal: AbortSignal,
): Promise<Residents> {
  await holding(place.port, Math.min(WARM_UP, connections), signal, async () => {});
  await sleep(SETTLE_MS, undefined, { signal });
  const beforeKiB = treeResidentKiB(pid);
  const withThemKiB = await holding(place.port, connections, signal, async () => {
    await sleep(SETTLE_MS, undefined, { signal });
    return treeResidentKiB(pid);
  });
  return { beforeKiB, withThemKiB };
}

/** Does `work` while idle clients hold their connections. */
async function holding<Result>(
  port: number,
  connections: number,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  const program = join(import.meta.dirname, "idle-clients.ts");
  const clients = spawn(process.execPath, [program, String(port), String(connections)], {
    stdio: ["pipe", "pipe", "inherit"],
    signal: AbortSignal.any([signal, AbortSignal.timeout(OPEN_MS + 2 * SETTLE_MS)]),
    killSignal: "SIGKILL",
  });
  const ended = once(clients, "exit");
  try {
    const [said = "it ended"] = (await Promise.race([
      once(createInterface(clients.stdout), "line"),
      ended,
    ])) as string[];
    if (said !== `opened ${connections}`) throw new Error(`the clients: ${said}`);
    return await work();
  } finally {
    clients.stdin.end();
    await ended;
  }
}

/** Node raises what a process may open to the hard limit when it starts. */
function openFiles(): number {
  const [, hard] = /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  return Number(hard ?? Number.POSITIVE_INFINITY);
}
