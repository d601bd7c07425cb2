import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Contender } from "./contender.ts";
import { chooseGenerator } from "./load/generator.ts";
import type { ServerPorts } from "./loopback.ts";
import type { Machine } from "./machine.ts";
import type { Options } from "./options.ts";
import { measurePipelining } from "./pipelining/pipelining.ts";
import type { Report } from "./report.ts";
import { type Bench, type Cell, measureRounds, warmUp } from "./rounds.ts";
import { PIPELINING, scenarios } from "./scenarios.ts";
import { startSampleServers } from "./servers/sample-servers.ts";
import { type Target, targets } from "./targets.ts";
import { verify } from "./verify.ts";

/** Tells the person at the terminal what goes on. */
type Say = (sentence: string) => void;

/** None of the wanted targets is there and does the work; the message says why, for each. */
export class NothingToMeasure extends Error {}

/**
 * The whole benchmark: start servers and targets, check that each does the work, measure in rounds, then the pipelines.
 * Everything that it starts has ended and everything that it wrote is gone when it settles, whichever way it does.
 */
export async function run(
  options: Options,
  machine: Machine,
  say: Say,
  signal: AbortSignal,
): Promise<Report> {
  const startedAt = new Date();
  await using resources = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "shunt-bench-"));
  resources.defer(() => rm(dir, { recursive: true, force: true }));

  const absences: string[] = [];
  const report = (sentence: string): void => {
    absences.push(sentence);
    say(sentence);
  };
  const generator = chooseGenerator();
  const bench: Bench = { generator, loadCore: machine.pins?.load, signal };

  const serversDir = join(dir, "servers");
  await mkdir(serversDir);
  const servers = resources.use(await startSampleServers(serversDir, machine.pins?.load, signal));
  const versions = installedTargets(options.targets, report);
  const contenders = await startContenders(
    versions.keys(),
    servers.ports,
    dir,
    machine,
    report,
    signal,
    resources,
  );

  if (contenders.length === 0) throw new NothingToMeasure(absences.join("\n"));

  const cells = cellsOf(options);
  if (cells.length > 0) {
    say("warming up");
    await warmUp(bench, contenders, [...new Set(cells.map(({ scenario }) => scenario))]);
  }
  const measured = await measureRounds(
    bench,
    contenders,
    cells,
    options,
    (round, { scenario, connections }) =>
      say(`round ${round + 1} of ${options.rounds}: ${scenario.title}, connections: ${connections}`),
  );

  // the pipelines have the core for themselves
  await Promise.all(contenders.map((contender) => contender[Symbol.asyncDispose]()));
  const verified = contenders.map(({ target }) => target);
  const wanted = options.scenarios.includes(PIPELINING) ? verified : [];
  if (wanted.length > 0) say("pipelining");
  const pipelining = await measurePipelining(wanted, dir, machine.pins?.proxy, signal);

  return {
    startedAt,
    minutes: (Date.now() - startedAt.getTime()) / 60_000,
    machine,
    options,
    generator: generator.description,
    sampleServers: servers.description,
    versions,
    absences,
    cells: measured,
    pipelining,
  };
}

/** The wanted targets that are there, with their versions; a sentence for each of the others. */
function installedTargets(names: readonly string[], report: Say): Map<Target, string> {
  const versions = new Map<Target, string>();
  for (const target of targets.filter(({ name }) => names.includes(name))) {
    const version = target.version();
    if (version === undefined) report(`${target.title} is not installed and is skipped (${target.install}).`);
    else versions.set(target, version);
  }
  return versions;
}

/** Those that serve and pass verification; they end with `resources`. */
async function startContenders(
  wanted: Iterable<Target>,
  servers: ServerPorts,
  dir: string,
  { pins }: Machine,
  report: Say,
  signal: AbortSignal,
  resources: AsyncDisposableStack,
): Promise<Contender[]> {
  const contenders: Contender[] = [];
  for (const target of wanted) {
    try {
      const contender = await Contender.start(target, servers, join(dir, target.name), pins?.proxy, signal);
      resources.use(contender);
      const fault = await verify(contender, signal);
      if (fault === undefined) contenders.push(contender);
      else report(`${target.title} is void: ${fault}.`);
    } catch (error) {
      signal.throwIfAborted();
      report(`${target.title} is void: ${error instanceof Error ? error.message : error}`);
    }
  }
  return contenders;
}

function cellsOf(options: Options): Cell[] {
  return scenarios
    .filter(({ name }) => options.scenarios.includes(name))
    .flatMap((scenario) => options.connections.map((connections) => ({ scenario, connections })));
}
