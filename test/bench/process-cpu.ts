import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** What proc(5) says of one process in /proc/PID/stat. Times are in clock ticks. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** User and system time of all its threads, those that have ended included. */
  readonly ownTicks: number;
  /** The same of its children that have ended and were waited for. */
  readonly reapedTicks: number;
  /** What of both was spent in the kernel. */
  readonly systemTicks: number;
  /** When it started, in ticks since boot: with the pid it names a process for ever. */
  readonly startedAt: number;
}

/** Throws when the text is not a stat line. The name in parentheses may itself hold spaces and parentheses. */
export function parseStat(text: string): ProcessStat {
  const nameEnd = text.lastIndexOf(")");
  // fields[0] is field 3 of proc(5), the state
  const fields = text
    .slice(nameEnd + 2)
    .trim()
    .split(" ");
  const field = (number: number): number => Number(fields[number - 3]);
  const stat = {
    pid: Number.parseInt(text, 10),
    parent: field(4),
    ownTicks: field(14) + field(15),
    reapedTicks: field(16) + field(17),
    systemTicks: field(15) + field(17),
    startedAt: field(22),
  };
  if (nameEnd < 0 || Object.values(stat).some(Number.isNaN)) {
    throw new Error(
      `Cannot read a process's times: expected a line of /proc/PID/stat, found "${text.slice(0, 80)}"`,
    );
  }
  return stat;
}

/** The process `root` and everything below it, as far as `all` knows them. */
export function treeOf(root: number, all: readonly ProcessStat[]): ProcessStat[] {
  const wanted = new Set([root]);
  for (let before = 0; before !== wanted.size; ) {
    before = wanted.size;
    for (const stat of all) if (wanted.has(stat.parent)) wanted.add(stat.pid);
  }
  return all.filter((stat) => wanted.has(stat.pid));
}

/** CPU seconds. */
export interface CpuTimes {
  readonly user: number;
  readonly system: number;
}

/** What a process tree has used; undefined where there is no /proc or no such process. */
export function treeCpuTimes(root: number): CpuTimes | undefined {
  const tree = treeOf(root, readAllStats());
  if (tree.length === 0) return undefined;
  const system = tree.reduce((sum, stat) => sum + stat.systemTicks, 0) / ticksPerSecond();
  const all = tree.reduce((sum, stat) => sum + stat.ownTicks + stat.reapedTicks, 0) / ticksPerSecond();
  return { user: all - system, system };
}

/** What the first thread of a process has used, which in Node runs the loop; 0 where there is no /proc or no such process. */
export function loopCpuSeconds(pid: number): number {
  return (readStat(`${pid}/task/${pid}`)?.ownTicks ?? 0) / ticksPerSecond();
}

/** User and system time together. */
export function treeCpuSeconds(root: number): number | undefined {
  const times = treeCpuTimes(root);
  return times && times.user + times.system;
}

/** Every process of this machine that lets itself be read; empty where there is no /proc. */
export function readAllStats(): ProcessStat[] {
  return processIds().flatMap((pid) => readStat(`${pid}`) ?? []);
}

function processIds(): number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function readStat(task: string): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${task}/stat`, "utf8"));
  } catch {
    // it ended between the listing and the reading
    return undefined;
  }
}

let ticks: number | undefined;

function ticksPerSecond(): number {
  ticks ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  return ticks;
}
