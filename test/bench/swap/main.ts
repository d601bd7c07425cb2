/** `npm run bench:swap`: what a change of rules costs those who are served meanwhile. README.md of the benchmark tells how it is read. */
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type RunningShunt, startShunt, TOKEN } from "../../support/shunt.ts";
import { answerOctets } from "../answer-octets.ts";
import { compileOpenLoop, type OpenLoopLoad, type OpenLoopResult, offerLoad } from "../latency/open-loop.ts";
import type { ServerPorts } from "../loopback.ts";
import { describeMachine, revision } from "../machine.ts";
import { spread, whole } from "../numbers.ts";
import { startSampleServers } from "../servers/sample-servers.ts";
import { table } from "../table.ts";
import { root } from "../versions.ts";
import { configurationOf } from "./configuration.ts";

const usage =
  "Usage: npm run bench:swap -- [--rules 10,1000,50000] [--rate 2000] [--connections 64] [--seconds 10] [--warm-up 6]";

const PATH = "/64";
/** Between two changes, unless the former takes longer until it is in use. */
const EVERY_MS = 1_000;
const LOOK_MS = 25;
const LIMIT_MS = 180_000;

/** Milliseconds from its request on. */
interface Swap {
  readonly answeredMs: number;
  readonly inUseMs: number;
}

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rules: { type: "string", default: "10,1000,50000" },
      rate: { type: "string", default: "2000" },
      connections: { type: "string", default: "64" },
      seconds: { type: "string", default: "10" },
      "warm-up": { type: "string", default: "6" },
    },
  });
  const sizes = values.rules.split(",").map(Number);
  const numbers = [values.rate, values.connections, values.seconds, values["warm-up"]].map(Number);
  const [rate = 0, connections = 0, seconds = 0, warmUp = 0] = numbers;
  if (![...sizes, ...numbers].every((number) => number >= 1) || sizes.some((size) => size < 2)) {
    console.error(usage);
    return 1;
  }
  const { cpu, cores, kernel, pinning, pins } = describeMachine();
  if (pins !== undefined) pin(process.pid, pins.load);
  const signal = AbortSignal.timeout(LIMIT_MS);
  await using resources = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "shunt-bench-"));
  resources.defer(() => rm(dir, { recursive: true, force: true }));
  const program = compileOpenLoop(dir);
  const { ports } = resources.use(await startSampleServers(join(dir, "servers"), 0, pins?.load, signal));
  const load = { path: PATH, connections, rate, answerOctets: 0 };
  const rows: string[][] = [];
  let faults = 0;
  for (const rules of sizes) {
    console.error(`${rules} rules`);
    await using shunt = await startShunt(configurationOf(ports, rules, 0));
    if (pins !== undefined)
      for (const pid of [shunt.child.pid ?? 0, ...shunt.household]) pin(pid, pins.proxy);
    const port = Number(new URL(shunt.url).port);
    const offered = { ...load, port, answerOctets: await answerOctets(port, PATH) };
    const offer = (length: number): Promise<OpenLoopResult> =>
      offerLoad(program, { ...offered, seconds: length } satisfies OpenLoopLoad, pins?.load, signal);
    await offer(warmUp);
    const still = await offer(seconds);
    const swaps: Swap[] = [];
    const { changing, done } = startChanging(shunt, ports, rules, swaps, signal);
    const moved = await offer(seconds);
    changing.abort();
    await done;
    rows.push(row(rules, "no", still, []), row(rules, "yes", moved, swaps));
    faults += [still, moved].filter(({ fault }) => fault !== undefined).length;
  }
  console.log(`# A change of rules under load

- date: ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, revision ${revision(root) ?? "unknown"}
- machine: ${cpu}, cores: ${cores}, ${kernel}. ${pinning}
- GET 64 B, ${rate} requests per second on ${connections} connections, ${seconds} s for each row; one acceptor

${table(["rules", "changes", "p50 ms", "p99 ms", "p99.9 ms", "most ms", "answered, ms", "in use, ms", "faults"], 2, rows)}`);
  return faults > 0 ? 1 : 0;
}

/** Changes the last rule again and again, and waits each time until every acceptor works by it. */
function startChanging(
  shunt: RunningShunt,
  ports: ServerPorts,
  rules: number,
  swaps: Swap[],
  signal: AbortSignal,
): { readonly changing: AbortController; readonly done: Promise<void> } {
  const changing = new AbortController();
  const change = async (): Promise<void> => {
    const { admin, ...said } = JSON.parse(await readFile(shunt.config, "utf8"));
    const started = { ...said, log: { access: join(shunt.directory, said.log.access) } };
    for (let version = 1; !changing.signal.aborted; version++) {
      const content = JSON.stringify({ ...started, ...configurationOf(ports, rules, version) });
      const startedAt = performance.now();
      const swap = await changeOnce(shunt, content, signal);
      if (!changing.signal.aborted) swaps.push(swap);
      const left = EVERY_MS - (performance.now() - startedAt);
      if (left > 0) await sleep(left, undefined, { signal });
    }
  };
  const done = change();
  // It is awaited when the load has ended.
  done.catch(() => {});
  return { changing, done };
}

async function changeOnce(shunt: RunningShunt, content: string, signal: AbortSignal): Promise<Swap> {
  const startedAt = performance.now();
  const answer = await fetch(`${shunt.admin}/v1/config`, {
    method: "PUT",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: content,
    signal,
  });
  if (!answer.ok) throw new Error(`PUT /v1/config: ${answer.status} ${await answer.text()}`);
  const { generation } = (await answer.json()) as { generation: number };
  const answeredMs = performance.now() - startedAt;
  while (!(await isInUse(shunt, generation))) await sleep(LOOK_MS, undefined, { signal });
  return { answeredMs, inUseMs: performance.now() - startedAt };
}

async function isInUse(shunt: RunningShunt, generation: number): Promise<boolean> {
  const { acceptors } = JSON.parse(await shunt.api("/v1/acceptors"));
  return (acceptors as { generation: number }[]).every((acceptor) => acceptor.generation >= generation);
}

function row(rules: number, changes: "yes" | "no", result: OpenLoopResult, swaps: readonly Swap[]): string[] {
  return [
    String(rules),
    changes === "yes" ? String(swaps.length) : "none",
    ...[result.p50Ms, result.p99Ms, result.p999Ms].map((ms) => ms.toFixed(2)),
    result.mostMs.toFixed(1),
    spread(
      swaps.map(({ answeredMs }) => answeredMs),
      whole,
    ),
    spread(
      swaps.map(({ inUseMs }) => inUseMs),
      whole,
    ),
    result.fault ?? "0",
  ];
}

/** A process and all its threads on one core: what is measured does not compete with what measures. */
function pin(pid: number, core: number): void {
  execFileSync("taskset", ["-acp", String(core), String(pid)], { stdio: "ignore" });
}
