import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  /** The core of the proxies and the core of everything else; undefined where nothing can be pinned. */
  readonly pins: { readonly proxy: number; readonly load: number } | undefined;
  /** How processes lie on cores, as a sentence. */
  readonly pinning: string;
}

export function describeMachine(): Machine {
  const cores = allowedCores();
  const [proxy, load] = cores;
  const pins =
    proxy === undefined || load === undefined || !installed("taskset") ? undefined : { proxy, load };
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cores.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    pins,
    pinning: pinningSentence(cores.length, pins),
  };
}

function pinningSentence(cores: number, pins: Machine["pins"]): string {
  if (pins) return `Proxies on core ${pins.proxy}; load generator and sample servers on core ${pins.load}.`;
  if (cores < 2) return "This machine has one core: proxies, servers and load share it, nothing is pinned.";
  return "Nothing is pinned: taskset is missing (Debian: apt-get install util-linux).";
}

/** The cores that this process may run on, which in a container need not begin at 0. */
function allowedCores(): number[] {
  try {
    const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    if (list !== undefined) return parseCoreList(list);
  } catch {
    // no /proc: not Linux
  }
  return cpus().map((_, core) => core);
}

/** Reads the kernel's "0-2,5" as 0, 1, 2, 5. */
export function parseCoreList(list: string): number[] {
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
  });
}

/** What a command prints about itself, on either stream; undefined when it is not installed. */
export function versionOf(command: string, ...options: string[]): string | undefined {
  const { error, stdout, stderr } = spawnSync(command, options, { encoding: "utf8", timeout: 10_000 });
  if (error) return undefined;
  return `${stdout}${stderr}`.trim().split("\n")[0];
}

export function installed(command: string): boolean {
  return versionOf(command, "--version") !== undefined;
}

/** The revision in the working tree, marked when files differ from it; undefined outside a checkout. */
export function revision(directory: string): string | undefined {
  const git = (...options: string[]): string =>
    execFileSync("git", ["-C", directory, ...options], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no") === "" ? "" : " with changes";
    return git("rev-parse", "--short", "HEAD").trim() + changed;
  } catch {
    return undefined;
  }
}
