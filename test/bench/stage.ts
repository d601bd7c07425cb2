import { join } from "node:path";
import { Contender } from "./contender.ts";
import type { ServerPorts } from "./loopback.ts";
import { type Bench, type Measured, measureRounds, warmUp } from "./rounds.ts";
import type { Cell } from "./scenarios.ts";
import { startSampleServers } from "./servers/sample-servers.ts";
import { does, type Target } from "./targets.ts";
import { verify } from "./verify.ts";

/** What is measured in front of the same servers, with all targets up at the same time. */
export interface Stage {
  /** How long its servers hold back their answers. */
  readonly delayMs: number;
  readonly targets: readonly Target[];
  readonly cells: readonly Cell[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUp: number;
}

/** Tells the person at the terminal what goes on. */
export type Say = (sentence: string) => void;

export interface StageResult {
  readonly measured: Measured;
  /** Those that served and passed verification. */
  readonly verified: readonly Target[];
  readonly sampleServers: string;
}

/** Does more with the running contenders before they end. */
export type Encore = (
  contenders: readonly Contender[],
  measured: Measured,
  servers: ServerPorts,
) => Promise<void> | void;

/** Starts servers and targets, checks that each does the work, measures in rounds; nothing of it is left at the end. */
export async function runStage(
  bench: Bench,
  stage: Stage,
  dir: string,
  say: Say,
  complain: Say,
  encore: Encore = () => {},
): Promise<StageResult> {
  await using resources = new AsyncDisposableStack();
  const { delayMs, cells, rounds } = stage;
  const inDir = (name: string): string => join(dir, `${name}-${delayMs}`);
  const servers = resources.use(
    await startSampleServers(inDir("servers"), delayMs, bench.loadCore, bench.signal, bench.servers),
  );
  const contenders: Contender[] = [];
  const connections = Math.max(...cells.map((cell) => cell.connections));
  for (const target of stage.targets) {
    if (!cells.some(({ scenario }) => does(target, scenario))) continue;
    const contender = await start(target, bench, servers.ports, inDir(target.name), connections, complain);
    if (contender) contenders.push(resources.use(contender));
  }
  if (contenders.length > 0) {
    say("warming up");
    const scenarios = [...new Set(cells.map(({ scenario }) => scenario))];
    await warmUp(bench, contenders, scenarios, stage.warmUp);
  }
  const measured = await measureRounds(bench, contenders, cells, stage, (round, { scenario, connections }) =>
    say(`round ${round + 1} of ${rounds}: ${scenario.title}, connections: ${connections}`),
  );
  await encore(contenders, measured, servers.ports);
  return {
    measured,
    verified: contenders.map(({ target }) => target),
    sampleServers: servers.description,
  };
}

/** Undefined, and a complaint, when the target does not serve or does not do the work. */
async function start(
  target: Target,
  { proxyCore, signal }: Bench,
  servers: ServerPorts,
  dir: string,
  connections: number,
  complain: Say,
): Promise<Contender | undefined> {
  try {
    const core = target.onBothCores ? undefined : proxyCore;
    const contender = await Contender.start(target, servers, dir, core, signal, { connections });
    const fault = await verify(contender, signal);
    if (fault === undefined) return contender;
    await contender[Symbol.asyncDispose]();
    complain(`${target.title} is void: ${fault}.`);
  } catch (error) {
    signal.throwIfAborted();
    complain(`${target.title} is void: ${error instanceof Error ? error.message : error}`);
  }
  return undefined;
}
