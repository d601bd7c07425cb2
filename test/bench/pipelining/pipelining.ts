import { join } from "node:path";
import { Contender } from "../contender.ts";
import type { Target } from "../targets.ts";
import { type PipelineResult, sendPipeline } from "./client.ts";
import { SlowServers } from "./slow-servers.ts";

export interface PipelineSample extends PipelineResult {
  /** Requests that ran at the servers at the same time, at most. */
  readonly mostRunning: number;
}

/** Samples by depth. A target that did not serve has a sentence instead. */
export type PipelineOutcome = ReadonlyMap<number, readonly PipelineSample[]> | string;

/** How long a slow server holds back its answer. */
export const SLOW_MS = 200;
/** One after the other against side by side is a difference of the depth itself: it needs few repetitions. */
const DEPTHS = [
  { depth: 8, repetitions: 3 },
  { depth: 64, repetitions: 1 },
] as const;
/** Beyond the time that the requests take one after the other, which is what most proxies need. */
const PATIENCE_MS = 10_000;

/** The least time that one target takes when it forwards one request after the other. */
export const serialSeconds =
  DEPTHS.reduce((sum, { depth, repetitions }) => sum + depth * repetitions, 0) * (SLOW_MS / 1e3);

/** Starts each target once more, in front of slow servers, and measures it alone. */
export async function measurePipelining(
  targets: readonly Target[],
  dir: string,
  core: number | undefined,
  signal: AbortSignal,
): Promise<Map<Target, PipelineOutcome>> {
  await using servers = await SlowServers.start(SLOW_MS);
  const outcomes = new Map<Target, PipelineOutcome>();
  for (const target of targets) {
    outcomes.set(
      target,
      await measureTarget(target, servers, join(dir, `${target.name}-pipelining`), core, signal),
    );
  }
  return outcomes;
}

async function measureTarget(
  target: Target,
  servers: SlowServers,
  dir: string,
  core: number | undefined,
  signal: AbortSignal,
): Promise<PipelineOutcome> {
  try {
    await using contender = await Contender.start(target, servers.ports, dir, core, signal);
    // the first requests of a process compile code and open server connections; they are nobody's measure
    await sendPipeline(contender.place.port, 4, PATIENCE_MS, signal);
    return await measureDepths(contender, servers, signal);
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof Error ? error.message : String(error);
  }
}

async function measureDepths(
  contender: Contender,
  servers: SlowServers,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, readonly PipelineSample[]>> {
  const byDepth = new Map<number, PipelineSample[]>();
  for (const { depth, repetitions } of DEPTHS) {
    const samples: PipelineSample[] = [];
    for (let repetition = 0; repetition < repetitions; repetition++) {
      servers.takeMostRunning();
      const timeoutMs = depth * SLOW_MS + PATIENCE_MS;
      const result = await sendPipeline(contender.place.port, depth, timeoutMs, signal);
      samples.push({ ...result, mostRunning: servers.takeMostRunning() });
    }
    byDepth.set(depth, samples);
  }
  return byDepth;
}
