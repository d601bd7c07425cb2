import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measureLatency } from "./latency/latency.ts";
import { chooseGenerator } from "./load/generator.ts";
import type { Machine } from "./machine.ts";
import type { Options } from "./options.ts";
import { measurePipelining } from "./pipelining/pipelining.ts";
import type { Report } from "./report.ts";
import type { Bench, Measured } from "./rounds.ts";
import { cellsOf, LATENCY, PIPELINING } from "./scenarios.ts";
import { runStage, type Say } from "./stage.ts";
import { type Target, targets } from "./targets.ts";

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

  const absences = new Set<string>();
  const complain: Say = (sentence) => {
    if (!absences.has(sentence)) say(sentence);
    absences.add(sentence);
  };
  const generator = chooseGenerator();
  const bench: Bench = {
    generator,
    proxyCore: machine.pins?.proxy,
    loadCore: machine.pins?.load,
    servers: options.servers,
    signal,
  };
  const versions = installedTargets(options.targets, complain);

  const measured: Measured = new Map();
  const sampleServers = new Set<string>();
  const verified = new Set<Target>();
  const cells = Map.groupBy(
    cellsOf(options.scenarios, options.connections),
    ({ scenario }) => scenario.serverDelayMs,
  );
  for (const [delayMs, cellsOfStage] of cells) {
    const stage = { ...options, delayMs, targets: [...versions.keys()], cells: cellsOfStage };
    const result = await runStage(bench, stage, dir, say, complain);
    for (const [cell, series] of result.measured) measured.set(cell, series);
    for (const target of result.verified) verified.add(target);
    sampleServers.add(result.sampleServers);
  }
  const latency = options.scenarios.includes(LATENCY)
    ? await measureLatency(bench, options, [...versions.keys()], dir, say, complain)
    : undefined;
  if (latency) sampleServers.add(latency.sampleServers);
  if (cells.size > 0 && verified.size === 0) throw new NothingToMeasure([...absences].join("\n"));

  // the pipelines have the core for themselves
  const forPipelines = [...versions.keys()].filter(({ isProxy, scenarios }) => isProxy && !scenarios);
  const wanted = options.scenarios.includes(PIPELINING) ? forPipelines : [];
  if (wanted.length > 0) say("pipelining");
  const pipelining = await measurePipelining(wanted, dir, machine.pins?.proxy, signal);

  return {
    startedAt,
    minutes: (Date.now() - startedAt.getTime()) / 60_000,
    machine,
    options,
    generator: generator.description,
    sampleServers: [...sampleServers].join("; those that hold back answers: "),
    versions,
    absences: [...absences],
    cells: measured,
    latency,
    pipelining,
  };
}

/** The wanted targets that are there, with their versions; a sentence for each of the others. */
function installedTargets(names: readonly string[], complain: Say): Map<Target, string> {
  const versions = new Map<Target, string>();
  for (const target of targets.filter(({ name }) => names.includes(name))) {
    const version = target.version();
    if (version === undefined)
      complain(`${target.title} is not installed and is skipped (${target.install}).`);
    else versions.set(target, version);
  }
  return versions;
}
