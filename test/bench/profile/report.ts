import { table } from "../table.ts";
import { type Frame, partOf, type SelfTime, selfTimes } from "./cpu-profile.ts";
import type { Profiled } from "./profile.ts";

const TOP = 30;
/** The profiler itself. */
const ITSELF = "node:inspector";

/** What a profile shows, as text for a terminal and a page. */
export function renderProfile({
  cell,
  tree,
  loopBusy,
  requests,
  cpu,
  instructions,
  files,
}: Profiled): string {
  return [
    `## ${cell.scenario.title}, connections: ${cell.connections}`,
    "",
    cpuSentence(requests, cpu),
    typeof instructions === "number"
      ? `Instructions: ${(instructions / requests).toFixed(0)} per request.`
      : `Instructions are not counted: ${instructions}.`,
    "",
    `Where the acceptor's loop spends its time, of which it had a core for ${(loopBusy * 100).toFixed(0)} %; its threads share that core:`,
    "",
    partsTable(tree),
    "",
    `Functions by the time they take themselves, the first ${TOP}:`,
    "",
    functionsTable(tree),
    "",
    ...files.map((file) => `written: ${file}`),
    "",
  ].join("\n");
}

function cpuSentence(requests: number, cpu: Profiled["cpu"]): string {
  if (cpu === undefined) return `${requests} requests; this machine does not tell CPU times.`;
  const total = cpu.user + cpu.system;
  const micros = (seconds: number): string => ((seconds * 1e6) / requests).toFixed(1);
  const kernel = ((cpu.system / total) * 100).toFixed(0);
  return `${micros(total)} µs of CPU per request without a profiler, of all processes and threads: ${micros(cpu.user)} in their own code, ${micros(cpu.system)} (${kernel} %) in the kernel.`;
}

function partsTable(tree: Frame): string {
  const parts = new Map<string, number>();
  for (const time of timesOf(tree)) {
    const part = partOf(time);
    parts.set(part, (parts.get(part) ?? 0) + time.micros);
  }
  const rows = [...parts].sort((a, b) => b[1] - a[1]).map(([part, micros]) => [percent(micros, tree), part]);
  return table(["%", "part"], 0, rows);
}

function functionsTable(tree: Frame): string {
  const rows = timesOf(tree)
    .slice(0, TOP)
    .map(({ name, place, micros }) => [percent(micros, tree), name, place || "native"]);
  return table(["%", "function", "place"], 0, rows);
}

function timesOf(tree: Frame): SelfTime[] {
  return selfTimes(tree).filter(({ place }) => !place.startsWith(ITSELF));
}

function percent(micros: number, tree: Frame): string {
  return ((micros / tree.totalMicros) * 100).toFixed(1);
}
