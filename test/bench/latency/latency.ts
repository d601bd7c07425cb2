import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { answerOctets } from "../answer-octets.ts";
import { compilerVersion, INSTALL_COMPILER } from "../compiler.ts";
import type { Contender } from "../contender.ts";
import type { ServerPorts } from "../loopback.ts";
import type { Bench, Measured, Sample, Series } from "../rounds.ts";
import { type Cell, LATENCY, scenarios } from "../scenarios.ts";
import { runStage, type Say } from "../stage.ts";
import { summarize } from "../statistics.ts";
import { does, type Target } from "../targets.ts";
import { compileOpenLoop, type OpenLoopResult, offerLoad } from "./open-loop.ts";

export const OPEN_LOOP_CONNECTIONS = 128;
/** Those whose knee the rate is taken from: the first that is there. */
const KNEES = ["haproxy", "nginx", "shunt"];
/** Beyond this share of its own knee a proxy is not asked: it would be measured how long the queue got. */
const MOST_OF_KNEE = 0.9;
const SETTLE_MS = 100;

const get64 = scenarios.find(({ name }) => name === "get-64");
if (get64 === undefined) throw new Error("there is no scenario get-64");
export const ALONE: Cell = { scenario: get64, connections: 1 };
export const KNEE: Cell = { scenario: get64, connections: OPEN_LOOP_CONNECTIONS };

export interface LatencyReport {
  /** Requests per second that everybody is offered, and whose knee it is half of. */
  readonly rate: number;
  readonly halfOf: Target;
  /** The closed loops: one connection, and the knee. */
  readonly closed: Measured;
  /** Results by round; a sentence where there is none. */
  readonly open: ReadonlyMap<Target, readonly (OpenLoopResult | string)[]>;
  /** A server asked directly, by the same client: what of the latencies is not the proxies'. */
  readonly floor: readonly (OpenLoopResult | string)[];
  readonly sampleServers: string;
}

/** Finds everybody's knee, then offers half of one of them to all, at moments that nobody's answers change. */
export async function measureLatency(
  bench: Bench,
  options: { readonly rounds: number; readonly seconds: number; readonly warmUp: number },
  targets: readonly Target[],
  dir: string,
  say: Say,
  complain: Say,
): Promise<LatencyReport | undefined> {
  if (compilerVersion() === undefined) {
    complain(`The client of the open loop is not there, latencies are skipped (${INSTALL_COMPILER}).`);
    return undefined;
  }
  const inDir = join(dir, LATENCY);
  await mkdir(inDir);
  const program = compileOpenLoop(inDir);
  let report: Omit<LatencyReport, "closed" | "sampleServers"> | undefined;
  const stage = {
    ...options,
    delayMs: 0,
    targets: targets.filter((target) => does(target, { name: LATENCY })),
    cells: [ALONE, KNEE],
  };
  const { measured, sampleServers } = await runStage(
    bench,
    stage,
    inDir,
    say,
    complain,
    async (contenders, closed, servers) => {
      const pace = paceOf(closed);
      if (pace === undefined) return complain("Nobody's knee is known, latencies are skipped.");
      report = {
        ...pace,
        ...(await openLoops(bench, options, { program, ...pace }, contenders, closed, servers, say)),
      };
    },
  );
  return report && { ...report, closed: measured, sampleServers };
}

function paceOf(closed: Measured): Pick<LatencyReport, "rate" | "halfOf"> | undefined {
  for (const name of KNEES) {
    const halfOf = [...(closed.get(KNEE)?.keys() ?? [])].find((target) => target.name === name);
    const knee = halfOf && kneeOf(closed, halfOf);
    if (halfOf && knee !== undefined) return { rate: Math.round(knee / 2), halfOf };
  }
  return undefined;
}

/** The most requests per second that a target took, the median of the rounds; undefined when one of them failed. */
export function kneeOf(closed: Measured, target: Target): number | undefined {
  const samples = wholeSamples(closed.get(KNEE)?.get(target) ?? []);
  return summarize(samples.map(({ requestsPerSecond }) => requestsPerSecond))?.median;
}

function wholeSamples(series: Series): readonly Sample[] {
  const samples = series.filter((sample) => typeof sample !== "string" && sample.fault === undefined);
  return samples.length === series.length ? (samples as Sample[]) : [];
}

async function openLoops(
  { loadCore, signal }: Bench,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
  { program, rate }: { readonly program: string; readonly rate: number },
  contenders: readonly Contender[],
  closed: Measured,
  servers: ServerPorts,
  say: Say,
): Promise<Pick<LatencyReport, "open" | "floor">> {
  const offer = async (port: number): Promise<OpenLoopResult | string> => {
    try {
      const octets = await answerOctets(port, KNEE.scenario.path);
      const load = {
        port,
        path: KNEE.scenario.path,
        connections: OPEN_LOOP_CONNECTIONS,
        rate,
        seconds: seconds * 2,
        answerOctets: octets,
      };
      return await offerLoad(program, load, loadCore, signal);
    } catch (error) {
      signal.throwIfAborted();
      return error instanceof Error ? error.message : String(error);
    }
  };
  const open = new Map<Target, (OpenLoopResult | string)[]>(contenders.map(({ target }) => [target, []]));
  const floor: (OpenLoopResult | string)[] = [];
  for (let round = 0; round < rounds; round++) {
    say(`round ${round + 1} of ${rounds}: open loop, ${rate} requests/s`);
    floor.push(await offer(servers.s1));
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const knee = kneeOf(closed, contender.target) ?? 0;
      const tooMuch =
        rate > knee * MOST_OF_KNEE
          ? `the rate is beyond its knee of ${knee.toFixed(0)} requests/s`
          : undefined;
      open.get(contender.target)?.push(tooMuch ?? (await offer(contender.place.port)));
      contender.emptyLog();
      await sleep(SETTLE_MS, undefined, { signal });
    }
  }
  return { open, floor };
}
