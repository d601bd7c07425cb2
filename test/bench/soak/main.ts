/** `npm run bench:soak`: ten minutes at saturation. README.md of the benchmark tells how it is read. */
import { writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Contender } from "../contender.ts";
import { chooseGenerator, runLoad } from "../load/generator.ts";
import { HOST } from "../loopback.ts";
import { describeMachine, revision } from "../machine.ts";
import { scenarios } from "../scenarios.ts";
import { startSampleServers } from "../servers/sample-servers.ts";
import { table } from "../table.ts";
import { targets } from "../targets.ts";
import { root } from "../versions.ts";
import { type Look, look } from "./look.ts";

const usage =
  "Usage: npm run bench:soak -- [--seconds 600] [--connections 128] [--target shunt] [--out FILE]";

/** Of one piece of the load, after which is looked at what it left. */
const PIECE_SECONDS = 10;
/** Pieces in which code is compiled and buffers grow: their memory is no measure. */
const WARM_UP_PIECES = 2;
const SETTLE_MS = 2_000;

/** One piece: what the clients saw, and what the acceptor told afterwards. */
interface Piece extends Look {
  readonly second: number;
  readonly requestsPerSecond: number;
  readonly errors: number;
}

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "600" },
      connections: { type: "string", default: "128" },
      target: { type: "string", default: "shunt" },
      out: { type: "string" },
    },
  });
  const [seconds, connections] = [Number(values.seconds), Number(values.connections)];
  if (!(seconds >= PIECE_SECONDS && seconds <= 86_400) || !(connections >= 1 && connections <= 10_000)) {
    console.error(usage);
    return 1;
  }
  const soaked = await soak(
    values.target,
    seconds,
    connections,
    AbortSignal.timeout((2 * seconds + 60) * 1e3),
  );
  const text = page(seconds, connections, soaked);
  console.log(text);
  if (values.out !== undefined) writeFileSync(values.out, text);
  return soaked.pieces.some(({ errors }) => errors > 0) ? 1 : 0;
}

interface Soaked {
  readonly pieces: readonly Piece[];
  /** Numbers of /metrics that count what is there, when the clients are gone. */
  readonly left: readonly string[];
}

async function soak(
  name: string,
  seconds: number,
  connections: number,
  signal: AbortSignal,
): Promise<Soaked> {
  const target = targets.find((candidate) => candidate.name === name && candidate.template === "shunt.yaml");
  const scenario = scenarios.find((candidate) => candidate.name === "get-64");
  if (target === undefined || scenario === undefined) throw new Error(`"${name}" is no Shunt. ${usage}`);
  const { pins } = describeMachine();
  const generator = chooseGenerator();
  await using resources = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "shunt-bench-"));
  resources.defer(() => rm(dir, { recursive: true, force: true }));
  const looks = join(dir, "looks");
  await mkdir(looks);
  const servers = resources.use(await startSampleServers(join(dir, "servers"), 0, pins?.load, signal));
  const environment = { SOAK_DIR: looks, NODE_OPTIONS: `--import=${import.meta.resolve("./preload.ts")}` };
  const contender = resources.use(
    await Contender.start(target, servers.ports, join(dir, "target"), pins?.proxy, signal, { environment }),
  );
  const pieces: Piece[] = [];
  const startedAt = performance.now();
  const elapsed = (): number => Math.round((performance.now() - startedAt) / 1e3);
  while (elapsed() < seconds) {
    const load = { port: contender.place.port, scenario, connections, seconds: PIECE_SECONDS };
    const result = await runLoad(generator, load, pins?.load, signal);
    const errors = Object.values(result.errors).reduce((sum, count) => sum + count, 0);
    pieces.push({
      second: elapsed(),
      requestsPerSecond: result.requests / result.seconds,
      errors,
      ...(await look(looks)),
    });
    contender.emptyLog();
    console.error(`${elapsed()} of ${seconds} s`);
  }
  await sleep(SETTLE_MS, undefined, { signal });
  return { pieces, left: await leftOvers(contender.place.adminPort, signal) };
}

/** The gauges of what an acceptor keeps for others. */
async function leftOvers(adminPort: number, signal: AbortSignal): Promise<string[]> {
  const response = await fetch(`http://${HOST}:${adminPort}/metrics`, { signal });
  const lines = (await response.text()).split("\n");
  return lines.filter((line) => /^shunt_(?:client_connections|server_outstanding|tunnels)\b/.test(line));
}

function page(seconds: number, connections: number, { pieces, left }: Soaked): string {
  const { cpu, cores, kernel, pinning } = describeMachine();
  const warm = pieces.slice(WARM_UP_PIECES);
  const half = Math.floor(warm.length / 2);
  const mean = (part: readonly Piece[], key: "rss" | "heapUsed"): string =>
    (part.reduce((sum, piece) => sum + piece[key], 0) / Math.max(1, part.length) / 2 ** 20).toFixed(1);
  const requests = pieces.reduce((sum, { requestsPerSecond }) => sum + requestsPerSecond * PIECE_SECONDS, 0);
  const worst = warm.map(({ delayP99Ms }) => delayP99Ms).sort((a, b) => a - b);
  return [
    `# ${seconds} s at saturation`,
    "",
    `- date: ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, revision ${revision(root) ?? "unknown"}`,
    `- machine: ${cpu}, cores: ${cores}, ${kernel}. ${pinning}`,
    `- GET 64 B, connections: ${connections}, about ${(requests / 1e6).toFixed(1)} million requests, new connections every ${PIECE_SECONDS} s`,
    `- resident memory of the acceptor, mean of the first and of the second half, without the first ${WARM_UP_PIECES * PIECE_SECONDS} s: ${mean(warm.slice(0, half), "rss")} and ${mean(warm.slice(half), "rss")} MiB; heap in use: ${mean(warm.slice(0, half), "heapUsed")} and ${mean(warm.slice(half), "heapUsed")} MiB`,
    `- delay of its loop, p99 of each ${PIECE_SECONDS} s: median ${(worst[worst.length >> 1] ?? 0).toFixed(2)} ms, worst ${(worst.at(-1) ?? 0).toFixed(2)} ms`,
    "",
    table(
      ["second", "requests/s", "RSS MiB", "heap MiB", "loop p50 ms", "p99 ms", "most ms", "errors"],
      0,
      pieces.map((piece) => [
        String(piece.second),
        piece.requestsPerSecond.toFixed(0),
        (piece.rss / 2 ** 20).toFixed(0),
        (piece.heapUsed / 2 ** 20).toFixed(0),
        piece.delayP50Ms.toFixed(2),
        piece.delayP99Ms.toFixed(2),
        piece.delayMostMs.toFixed(1),
        String(piece.errors),
      ]),
    ),
    "",
    "What is left when the clients are gone:",
    "",
    ...left.map((line) => `    ${line}`),
    "",
  ].join("\n");
}
