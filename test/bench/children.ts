import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type ProcessStat, readAllStats, treeOf } from "./process-cpu.ts";

/** How much of what a process prints is kept, to show when it fails. */
const REMEMBERED_CHARACTERS = 4_000;
/** How long a process may take to end when asked, before its whole tree is killed. */
const GRACE_MS = 5_000;

export interface StartOptions {
  /** The core it is bound to, with all that it starts; undefined: any. */
  readonly core: number | undefined;
  /** A file descriptor for its standard output; by default that is remembered like standard error. */
  readonly stdout?: number;
  /** What it finds in its environment beside ours. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Puts a command on one core. taskset becomes the command, so the process id stays the one that was started. */
export function pinned(core: number | undefined, command: readonly string[]): readonly string[] {
  return core === undefined ? command : ["taskset", "-c", String(core), ...command];
}

/** A process that serves until it is told to end. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #name: string;
  #output = "";
  #failure: Error | undefined;
  /** The tree as last seen: once its root is gone, what is left of it cannot be found any more. */
  #tree: readonly ProcessStat[] = [];

  private constructor(name: string, process: ChildProcess) {
    this.#name = name;
    this.#process = process;
    const remember = (text: string): void => {
      this.#output = (this.#output + text).slice(-REMEMBERED_CHARACTERS);
    };
    process.stdout?.setEncoding("utf8").on("data", remember);
    process.stderr?.setEncoding("utf8").on("data", remember);
    process.on("error", (error) => {
      this.#failure = error;
    });
  }

  static start(
    name: string,
    command: readonly string[],
    { core, stdout, environment, signal }: StartOptions,
  ): Child {
    signal.throwIfAborted();
    const [file = "", ...rest] = pinned(core, command);
    return new Child(
      name,
      spawn(file, rest, {
        stdio: ["ignore", stdout ?? "pipe", "pipe"],
        env: { ...process.env, NODE_ENV: "production", ...environment },
      }),
    );
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get ended(): boolean {
    const { exitCode, signalCode } = this.#process;
    return this.#failure !== undefined || exitCode !== null || signalCode !== null;
  }

  /** Waits until `serves` says so. Throws with the end of its output when it ends first or takes too long. */
  async ready(
    serves: (output: string) => boolean | Promise<boolean>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    for (const deadline = Date.now() + timeoutMs; !(await serves(this.#output)); ) {
      if (this.ended) throw new Error(`${this.#name} did not serve: ${this.lastWords}`);
      if (Date.now() > deadline) {
        throw new Error(`${this.#name} did not serve within ${timeoutMs} ms: ${this.lastWords}`);
      }
      await sleep(20, undefined, { signal });
    }
    this.#lookAtTree();
  }

  /** How it ended, if it has, and the first line that it printed about an error, else its last line. */
  get lastWords(): string {
    if (this.#failure) return this.#failure.message;
    const { exitCode, signalCode } = this.#process;
    const end = this.ended ? `it ended with ${signalCode ?? `exit code ${exitCode}`}; ` : "";
    const lines = this.#output.trim().split("\n");
    const words = lines.find((line) => /error|emerg|alert|fail|cannot/i.test(line)) || lines.at(-1);
    return `${end}it printed ${words ? `"${words.trim()}"` : "nothing"}`;
  }

  /** Asks it to end; what of its tree is still there after the grace is killed, by process id. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.ended) {
      this.#lookAtTree();
      const exited = once(this.#process, "exit");
      this.#process.kill("SIGTERM");
      await Promise.race([exited, sleep(GRACE_MS, undefined, { ref: false })]);
    }
    killRemaining(this.#tree);
    // where there is no /proc, its root is all that is known of the tree
    if (!this.ended) this.#process.kill("SIGKILL");
  }

  #lookAtTree(): void {
    const { pid } = this.#process;
    if (pid !== undefined) this.#tree = treeOf(pid, readAllStats());
  }
}

/** A pid may have been given to a stranger in the meantime; one with the same start is still ours. */
function killRemaining(tree: readonly ProcessStat[]): void {
  const now = new Map(readAllStats().map((stat) => [stat.pid, stat.startedAt]));
  for (const { pid, startedAt } of tree) {
    if (now.get(pid) === startedAt) kill(pid);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it ended just now
  }
}
