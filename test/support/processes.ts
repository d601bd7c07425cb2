import { readFileSync } from "node:fs";

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A process that is gone already has what the signal wants. */
export function kill(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  // 0 would be the group of the test itself.
  if (pid <= 0) return;
  try {
    process.kill(pid, signal);
  } catch {}
}

/** The most memory that a process has ever had resident, in bytes (VmHWM of proc(5)). */
export function peakResidentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
  if (kib === undefined) throw new Error(`/proc/${pid}/status has no VmHWM`);
  return Number(kib) * 1024;
}
