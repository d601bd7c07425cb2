import { readFileSync } from "node:fs";
import { readAllStats, treeOf } from "./process-cpu.ts";

/** Resident memory of a process tree at this moment: VmRSS of proc(5), added up. Pages that processes share count for each. */
export function treeResidentKiB(root: number): number {
  return treeOf(root, readAllStats()).reduce((sum, { pid }) => sum + residentKiB(pid), 0);
}

/** 0 for a process that has just ended. */
function residentKiB(pid: number): number {
  try {
    const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kib ?? 0);
  } catch {
    return 0;
  }
}
