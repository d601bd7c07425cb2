import { hundredths, middle, significant, spread } from "../numbers.ts";
import type { Series } from "../rounds.ts";
import { pairedRatios } from "../statistics.ts";
import { table } from "../table.ts";
import type { Target } from "../targets.ts";
import { ALONE, kneeOf, type LatencyReport, OPEN_LOOP_CONNECTIONS } from "./latency.ts";
import type { OpenLoopResult } from "./open-loop.ts";

type Results = readonly (OpenLoopResult | string)[];

const COLUMNS = [
  "target",
  "knee, requests/s",
  "rate ÷ knee",
  "p50 ms",
  "p99 ms",
  "p99 ÷ HAProxy's",
  "p99.9 ms",
  "sent late, p99 ms",
  "p50 ms, 1 connection",
  "that ÷ HAProxy's",
  "errors",
];

/** The section on latency below saturation. */
export function latencySection(report: LatencyReport | undefined): string[] {
  if (report === undefined) return [];
  const { rate, halfOf, open, floor } = report;
  const rows = Array.from(open, ([target, results]) => [
    target.title,
    ...kneeColumns(report, target),
    ...openColumns(results, named(open, "haproxy")),
    ...aloneColumns(report, target),
    faultOf(results) ?? "0",
  ]);
  const directly = [
    "no proxy: a server itself",
    "-",
    "-",
    ...openColumns(floor, undefined),
    "-",
    "-",
    faultOf(floor) ?? "0",
  ];
  return [
    "## Latency at half of the knee",
    "",
    `All are offered ${rate} requests/s of GET 64 B on ${OPEN_LOOP_CONNECTIONS} connections, half of what ${halfOf.title} takes at most, in an open loop: latency counts from the moment at which a request was to be sent. The last columns are of a closed loop on one connection.`,
    "",
    table(COLUMNS, 1, [...rows, directly]),
    "",
  ];
}

function kneeColumns({ closed, rate }: LatencyReport, target: Target): string[] {
  const knee = kneeOf(closed, target);
  return knee === undefined ? ["-", "-"] : [knee.toFixed(0), (rate / knee).toFixed(2)];
}

function openColumns(results: Results, haproxy: Results | undefined): string[] {
  const of = (key: "p50Ms" | "p99Ms" | "p999Ms" | "lateP99Ms"): (number | undefined)[] =>
    results.map((result) => (typeof result === "string" ? undefined : result[key]));
  if (faultOf(results) !== undefined) return ["-", "-", "-", "-", "-"];
  const p99 = of("p99Ms");
  const ratios =
    haproxy &&
    pairedRatios(
      p99,
      haproxy.map((result) => (typeof result === "string" ? undefined : result.p99Ms)),
    );
  return [
    spread(of("p50Ms"), significant),
    spread(p99, significant),
    spread(ratios ?? [], hundredths),
    spread(of("p999Ms"), significant),
    middle(of("lateP99Ms"), significant),
  ];
}

function aloneColumns({ closed }: LatencyReport, target: Target): string[] {
  const all = closed.get(ALONE) ?? new Map<Target, Series>();
  const own = p50sOf(all.get(target));
  return [spread(own, significant), spread(pairedRatios(own, p50sOf(named(all, "haproxy"))), hundredths)];
}

function p50sOf(series: Series = []): (number | undefined)[] {
  return series.map((sample) => (typeof sample === "string" ? undefined : sample.p50Ms));
}

function named<Value>(all: ReadonlyMap<Target, Value>, name: string): Value | undefined {
  return Array.from(all).find(([target]) => target.name === name)?.[1];
}

/** The first thing that went wrong; a row counts only when nothing did. */
function faultOf(results: Results): string | undefined {
  const faults = results.map((result) => (typeof result === "string" ? result : result.fault));
  const fault = faults.find((text) => text !== undefined);
  return fault && `void: ${fault.replaceAll(/\s+/g, " ")}`;
}
