import { setTimeout as sleep } from "node:timers/promises";
import type { Contender } from "./contender.ts";
import { type LoadGenerator, type LoadResult, runLoad } from "./load/generator.ts";
import { treeCpuSeconds } from "./process-cpu.ts";
import { type Cell, type Scenario, secondsOf } from "./scenarios.ts";
import { does, type Target } from "./targets.ts";

/** One measurement of one target. */
export interface Sample {
  readonly requestsPerSecond: number;
  /** User and system time of the whole process tree, per request; undefined where it cannot be read. */
  readonly cpuMicros: number | undefined;
  /** Share of the time in which the tree had a core: near 1 the proxy is the limit, far below it something else is. */
  readonly busy: number | undefined;
  /** Undefined where requests are written together, of which the generators have no latencies. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** Failures as a sentence; undefined when there were none. */
  readonly fault: string | undefined;
}

/** Samples of a target in a cell, by round. A sample that could not be taken is a text that says why. */
export type Series = readonly (Sample | string)[];

export type Measured = Map<Cell, Map<Target, Series>>;

export interface Bench {
  readonly generator: LoadGenerator;
  readonly proxyCore: number | undefined;
  readonly loadCore: number | undefined;
  /** The kind of sample servers, where one was named. */
  readonly servers: string | undefined;
  readonly signal: AbortSignal;
}

/** After a load ends, its connections are still being closed; that is part of its cost. */
const SETTLE_MS = 50;

/**
 * Measures every contender in every cell once per round. Within a cell the contenders follow each other at once; every
 * second round goes backwards (A B C, C B A), so that none always runs after the same neighbour.
 */
export async function measureRounds(
  bench: Bench,
  contenders: readonly Contender[],
  cells: readonly Cell[],
  options: { readonly rounds: number; readonly seconds: number },
  progress: (round: number, cell: Cell) => void,
): Promise<Measured> {
  const all = new Map(cells.map((cell) => [cell, new Map<Target, (Sample | string)[]>()]));
  for (let round = 0; round < options.rounds; round++) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed();
    for (const [cell, byTarget] of all) {
      progress(round, cell);
      for (const contender of order.filter(({ target }) => does(target, cell.scenario))) {
        const series = byTarget.get(contender.target) ?? [];
        series.push(await measure(bench, contender, cell, options.seconds));
        byTarget.set(contender.target, series);
      }
    }
  }
  return all;
}

/** A failed measurement is a result too, so this rejects only when the whole run is to stop. */
async function measure(
  bench: Bench,
  contender: Contender,
  cell: Cell,
  seconds: number,
): Promise<Sample | string> {
  const { generator, loadCore, signal } = bench;
  const load = {
    port: contender.place.port,
    ...cell,
    seconds: secondsOf(cell.scenario, cell.connections, seconds),
  };
  try {
    const before = treeCpuSeconds(contender.pid);
    const result = await runLoad(generator, load, loadCore, signal);
    await sleep(SETTLE_MS, undefined, { signal });
    const after = treeCpuSeconds(contender.pid);
    const cpuSeconds = before === undefined || after === undefined ? undefined : after - before;
    return contender.obituary ?? toSample(result, cell.scenario, cpuSeconds);
  } catch (error) {
    signal.throwIfAborted();
    return contender.obituary ?? (error instanceof Error ? error.message : String(error));
  } finally {
    contender.emptyLog();
  }
}

export function toSample(result: LoadResult, scenario: Scenario, cpuSeconds: number | undefined): Sample {
  const requests = scenario.countedByBytes ? result.bytes / scenario.responseBytes : result.requests;
  const failures = Object.entries(result.errors).map(([kind, count]) => `${count} ${kind}`);
  return {
    requestsPerSecond: requests / result.seconds,
    cpuMicros: cpuSeconds === undefined ? undefined : (cpuSeconds * 1e6) / requests,
    busy: cpuSeconds === undefined ? undefined : cpuSeconds / result.seconds,
    p50Ms: scenario.depth === 1 ? result.p50Ms : undefined,
    p99Ms: scenario.depth === 1 ? result.p99Ms : undefined,
    fault: requests === 0 ? "no request was answered" : failures.join(", ") || undefined,
  };
}

/** Between a few and very many: both ways of working that a target may have are warm then. */
const WARM_UP_CONNECTIONS = 128;
const FURTHER_WARM_UP_SECONDS = 2;

/**
 * Lets just-in-time compilers see every kind of request before anything counts: a service runs for weeks, and what its
 * first seconds cost, with Shunt about 1.4 times as much, is another question.
 */
export async function warmUp(
  bench: Bench,
  contenders: readonly Contender[],
  scenarios: readonly Scenario[],
  seconds: number,
): Promise<void> {
  for (const contender of contenders) {
    const done = scenarios.filter((scenario) => does(contender.target, scenario));
    for (const [index, scenario] of done.entries()) {
      const cell = { scenario, connections: WARM_UP_CONNECTIONS };
      await measure(bench, contender, cell, warmUpSeconds(index, seconds));
    }
  }
}

/** By the place of a scenario among those that a target does. */
export function warmUpSeconds(index: number, seconds: number): number {
  return index === 0 ? seconds : Math.min(seconds, FURTHER_WARM_UP_SECONDS);
}
