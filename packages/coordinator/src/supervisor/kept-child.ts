import { type ChildProcess, fork } from "node:child_process";
import { PROVEN_AFTER_MS, restartDelayMs } from "./backoff.ts";
import type { TcpHandle } from "./handles.ts";
import type { Log } from "./log.ts";

/** SIGUSR1 means "open your logs again" to many; to Node.js it means "open a debugger to everybody on this machine". */
const NODE_OPTIONS = ["--disable-sigusr1"];

export interface KeptChildOptions {
  /** As it is called in the log: `acceptor a1`. */
  readonly name: string;
  /** The module that the process runs. */
  readonly main: URL;
  readonly env: NodeJS.ProcessEnv;
  /** Flags of Node.js and V8; none by default. */
  readonly flags?: readonly string[];
  readonly log: Log;
  /** A process is there; it has not run a line of its own yet. */
  readonly onSpawn: (child: Child) => void;
  readonly onMessage: (message: unknown, child: Child) => void;
  /** `fate` tells how it ended, in words. */
  readonly onExit: (child: Child, fate: string) => void;
}

/** One process. Sending to it after its end is no error: its end is told by `onExit`. */
export class Child {
  readonly pid: number;
  readonly startedAt: number = performance.now();
  readonly process: ChildProcess;

  constructor(process: ChildProcess) {
    this.process = process;
    this.pid = process.pid ?? 0;
  }

  send(message: object, handle?: TcpHandle): void {
    if (!this.process.connected) return;
    // A bare handle of the kernel may be sent: the types know only of the objects around it.
    this.process.send(message, handle as Parameters<ChildProcess["send"]>[1], () => {});
  }
}

/** A place that is never left empty: a process that ends is followed by the next, until the place is given up. */
export class KeptChild {
  readonly #options: KeptChildOptions;
  /** The one in the place, and those that were asked to leave it and are not gone yet. */
  readonly #living = new Set<Child>();
  #current: Child | undefined;
  #deaths = 0;
  #restart: NodeJS.Timeout | undefined;
  #givenUp = false;
  #emptied: (() => void) | undefined;

  constructor(options: KeptChildOptions) {
    this.#options = options;
  }

  start(): void {
    const { main, env, flags = [], name, log } = this.#options;
    // Output goes where the supervisor's goes, not through it: children outlive a supervisor that is killed.
    const process = fork(main, [], {
      env,
      execArgv: [...NODE_OPTIONS, ...flags],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const child = new Child(process);
    this.#current = child;
    this.#living.add(child);
    process.on("message", (message) => this.#heard(message, child));
    process.on("exit", (code, signal) => this.#exited(child, fateOf(code, signal)));
    process.on("error", (error) => {
      log.error({ child: name, reason: error.message }, "child process reported an error");
      if (process.pid === undefined) this.#exited(child, `could not be started: ${error.message}`);
    });
    if (process.pid !== undefined) this.#options.onSpawn(child);
  }

  /** Starts the next process now: `child` wants to leave. Returns false where none is to follow it, or follows already. */
  succeed(child: Child): boolean {
    if (this.#givenUp || child !== this.#current) return false;
    this.#current = undefined;
    this.start();
    return true;
  }

  signal(signal: NodeJS.Signals): void {
    for (const child of this.#living) child.process.kill(signal);
  }

  /** Who ends from now on is not followed. */
  giveUp(): void {
    this.#givenUp = true;
    clearTimeout(this.#restart);
  }

  /** Gives the place up: SIGTERM, and SIGKILL for what is left after `graceMs`. Resolves when all are gone. */
  async stop(graceMs: number): Promise<void> {
    this.giveUp();
    if (this.#living.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
    this.signal("SIGTERM");
    const patience = setTimeout(() => this.#kill(graceMs), graceMs);
    await empty;
    clearTimeout(patience);
  }

  #kill(graceMs: number): void {
    this.#options.log.warn({ child: this.#options.name, graceMs }, "child did not stop in time, killing it");
    this.signal("SIGKILL");
  }

  /** What a child says wrongly is the child's fault and must not end all others. */
  #heard(message: unknown, child: Child): void {
    try {
      this.#options.onMessage(message, child);
    } catch (error) {
      this.#options.log.error(
        { child: this.#options.name, reason: String(error) },
        "child was not understood",
      );
    }
  }

  #exited(child: Child, fate: string): void {
    if (!this.#living.delete(child)) return;
    this.#options.onExit(child, fate);
    if (this.#living.size === 0) this.#emptied?.();
    if (child !== this.#current) return;
    this.#current = undefined;
    if (!this.#givenUp) this.#startAgain(child, fate);
  }

  #startAgain(child: Child, fate: string): void {
    const livedMs = performance.now() - child.startedAt;
    this.#deaths = livedMs >= PROVEN_AFTER_MS ? 1 : this.#deaths + 1;
    const delayMs = restartDelayMs(this.#deaths);
    const { name, log } = this.#options;
    log.warn({ child: name, childPid: child.pid, fate, delayMs }, "child process ended, starting it again");
    if (delayMs === 0) this.start();
    else this.#restart = setTimeout(() => this.start(), delayMs);
  }
}

function fateOf(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exit ${code}` : `killed by ${signal}`;
}
