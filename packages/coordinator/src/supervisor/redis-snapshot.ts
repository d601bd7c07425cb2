import { type ChildProcess, fork } from "node:child_process";
import { extname } from "node:path";
import type { ResolvedRedis, Snapshot, SnapshotNotice } from "@shunt/core";
import { decodeSnapshotNotice } from "@shunt/core/contract/decode";
import { restartDelayMs } from "./backoff.ts";
import type { Log } from "./log.ts";

/** So often it is said that Redis is away, while it is. */
const SAY_EVERY_MS = 5_000;

export interface RedisSnapshotOptions {
  readonly redis: ResolvedRedis;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly onFound: (snapshot: Snapshot) => void;
  /** There is none, or Redis is away: whoever has another snapshot should not wait. */
  readonly onMissing: () => void;
}

/** Waits for the first snapshot in Redis, in a process of its own: the client of Redis is nothing for a supervisor. */
export class RedisSnapshot {
  readonly #options: RedisSnapshotOptions;
  #child: ChildProcess | undefined;
  #deaths = 0;
  #restart: NodeJS.Timeout | undefined;
  #saidAt = Number.NEGATIVE_INFINITY;
  #over = false;

  constructor(options: RedisSnapshotOptions) {
    this.#options = options;
  }

  start(): void {
    const { redis, env } = this.#options;
    const main = new URL(`../cli/emit-snapshot${extname(import.meta.url)}`, import.meta.url);
    const child = fork(main, [], { env, execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#child = child;
    child.on("message", (message) => this.#heard(decodeSnapshotNotice(message)));
    child.on("error", () => {});
    child.once("exit", () => this.#ended());
    child.send(redis, () => {});
  }

  /** Waits no longer. */
  stop(): void {
    this.#over = true;
    clearTimeout(this.#restart);
    this.#child?.kill("SIGKILL");
  }

  #heard(notice: SnapshotNotice): void {
    if (this.#over) return;
    this.#deaths = 0;
    if (notice.kind === "found") {
      this.stop();
      this.#options.onFound(notice.snapshot);
      return;
    }
    this.#say(notice);
    this.#options.onMissing();
  }

  #say(notice: Exclude<SnapshotNotice, { kind: "found" }>): void {
    const now = performance.now();
    if (now - this.#saidAt < SAY_EVERY_MS) return;
    this.#saidAt = now;
    const { log } = this.#options;
    if (notice.kind === "away") log.warn({ reason: notice.reason }, "waiting for Redis");
    else log.warn({}, "waiting for a coordinator: Redis has no snapshot yet");
  }

  #ended(): void {
    if (this.#over) return;
    this.#deaths += 1;
    this.#restart = setTimeout(() => this.start(), Math.max(100, restartDelayMs(this.#deaths)));
  }
}
