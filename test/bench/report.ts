import type { LatencyReport } from "./latency/latency.ts";
import { latencySection } from "./latency/report.ts";
import type { Machine } from "./machine.ts";
import { hundredths, middle, significant, spread, whole } from "./numbers.ts";
import type { Options } from "./options.ts";
import { type PipelineOutcome, type PipelineSample, SLOW_MS } from "./pipelining/pipelining.ts";
import type { Measured, Sample, Series } from "./rounds.ts";
import { type Scenario, scenarios } from "./scenarios.ts";
import { pairedRatios } from "./statistics.ts";
import { table } from "./table.ts";
import type { Target } from "./targets.ts";

/** Everything that a run found out. */
export interface Report {
  readonly startedAt: Date;
  readonly minutes: number;
  readonly machine: Machine;
  readonly options: Options;
  readonly generator: string;
  readonly sampleServers: string;
  /** Those that ran, with what they are. */
  readonly versions: ReadonlyMap<Target, string>;
  /** Sentences on targets that are missing, or did not do the work that was to be measured. */
  readonly absences: readonly string[];
  readonly cells: Measured;
  readonly latency: LatencyReport | undefined;
  readonly pipelining: ReadonlyMap<Target, PipelineOutcome>;
}

/** The whole of a report as Markdown, which is aligned to be read on a terminal too. */
export function renderReport(report: Report): string {
  return [
    "# Benchmark: Shunt and others on the same work",
    "",
    ...preamble(report),
    "",
    ...report.absences.map((sentence) => `**Void or skipped:** ${sentence}\n`),
    ...scenarios.flatMap((scenario) => scenarioSection(report, scenario)),
    ...latencySection(report.latency),
    ...pipeliningSection(report),
  ].join("\n");
}

function preamble({
  startedAt,
  minutes,
  machine,
  options,
  generator,
  sampleServers,
  versions,
}: Report): string[] {
  return [
    "Numbers of one run on one machine: only the ratios between rows mean something. README.md tells how it is measured.",
    "",
    `- date: ${startedAt.toISOString().slice(0, 16).replace("T", " ")} UTC, ${minutes.toFixed(0)} minutes`,
    `- machine: ${machine.cpu}, cores: ${machine.cores}, ${machine.memoryGiB} GiB, ${machine.kernel}`,
    `- ${machine.pinning}`,
    `- rounds: ${options.rounds} of ${options.seconds} s (twice that with 1 connection or 1 MiB), interleaved, in alternating order`,
    `- load: ${generator}; requests with and without the gold cookie in turn, on every connection`,
    `- servers: ${sampleServers}`,
    ...Array.from(versions, ([{ title, balance }, version]) => `- ${title}: ${version}; balance: ${balance}`),
  ];
}

const COLUMNS = [
  "connections",
  "target",
  "requests/s",
  "CPU µs/request",
  "Shunt's CPU ÷ its",
  "with share auto ÷ its",
  "core busy",
  "p50 ms",
  "p99 ms",
  "errors",
] as const;

function scenarioSection(report: Report, scenario: Scenario): string[] {
  const cells = Array.from(report.cells).filter(([cell]) => cell.scenario === scenario);
  if (cells.length === 0) return [];
  const rows = cells.flatMap(([{ connections }, byTarget]) => cellRows(connections, byTarget));
  return [`## ${scenario.title}`, "", "Median (least-most) of the rounds.", "", table(COLUMNS, 2, rows), ""];
}

function cellRows(connections: number, byTarget: ReadonlyMap<Target, Series>): string[][] {
  const named = (name: string): Series | undefined =>
    Array.from(byTarget).find(([target]) => target.name === name)?.[1];
  return Array.from(byTarget, ([target, series]) => [
    String(connections),
    target.title,
    ...measuredColumns(
      series,
      named(comparedWith(target)),
      target.accessLog || !target.isProxy ? named("shunt-shared") : undefined,
    ),
  ]);
}

/** The Shunt that writes no access log if `target` is a proxy that writes none; for all others, with everything on. */
function comparedWith({ accessLog, isProxy }: Target): string {
  return isProxy && !accessLog ? "shunt-no-log" : "shunt";
}

function measuredColumns(series: Series, shunt: Series | undefined, shared: Series | undefined): string[] {
  const samples = validSamples(series);
  if (typeof samples === "string") return ["-", "-", "-", "-", "-", "-", "-", `void: ${samples}`];
  const cpu = samples.map(({ cpuMicros }) => cpuMicros);
  return [
    spread(
      samples.map(({ requestsPerSecond }) => requestsPerSecond),
      whole,
    ),
    spread(cpu, ({ median }) => (median < 100 ? 1 : 0)),
    spread(shuntRatios(cpu, shunt), hundredths),
    spread(shuntRatios(cpu, shared), hundredths),
    middle(
      samples.map(({ busy }) => busy),
      hundredths,
    ),
    middle(
      samples.map(({ p50Ms }) => p50Ms),
      significant,
    ),
    spread(
      samples.map(({ p99Ms }) => p99Ms),
      significant,
    ),
    "0",
  ];
}

/** A row counts only when nothing at all went wrong in it; otherwise the first thing that did. */
function validSamples(series: Series): readonly Sample[] | string {
  const samples: Sample[] = [];
  for (const [round, sample] of series.entries()) {
    const fault = typeof sample === "string" ? sample : sample.fault;
    if (fault !== undefined) return `${fault} (round ${round + 1})`.replaceAll(/\s+/g, " ");
    if (typeof sample !== "string") samples.push(sample);
  }
  return samples;
}

function shuntRatios(cpu: readonly (number | undefined)[], shunt: Series | undefined): number[] {
  const own = shunt && validSamples(shunt);
  if (own === undefined || typeof own === "string") return [];
  return pairedRatios(
    own.map(({ cpuMicros }) => cpuMicros),
    cpu,
  );
}

function pipeliningSection({ pipelining }: Report): string[] {
  if (pipelining.size === 0) return [];
  const columns = ["depth", "target", "total ms", "most at the servers", "in order", "errors"];
  const rows = Array.from(pipelining, ([target, outcome]) => pipelineRows(target, outcome)).flat();
  rows.sort((a, b) => Number(a[0]) - Number(b[0]));
  return [
    `## Pipelining: GETs of ${SLOW_MS} ms each, written at once on one connection`,
    "",
    "Total time until the last answer; how many of them ran at the servers at the same time; did answers come in the order of the requests?",
    "",
    table(columns, 2, rows),
    "",
  ];
}

function pipelineRows({ title }: Target, outcome: PipelineOutcome): string[][] {
  if (typeof outcome === "string")
    return [["-", title, "-", "-", "-", `void: ${outcome.replaceAll(/\s+/g, " ")}`]];
  return Array.from(outcome, ([depth, samples]) => [String(depth), title, ...pipelineColumns(samples)]);
}

function pipelineColumns(samples: readonly PipelineSample[]): string[] {
  const fault = samples.find((sample) => sample.fault !== undefined)?.fault;
  if (fault !== undefined) return ["-", "-", "-", `void: ${fault}`];
  return [
    spread(
      samples.map(({ totalMs }) => totalMs),
      whole,
    ),
    String(Math.max(...samples.map((sample) => sample.mostRunning))),
    samples.every((sample) => sample.inOrder) ? "yes" : "NO",
    "0",
  ];
}
