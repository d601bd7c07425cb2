import { type ChildProcess, fork } from "node:child_process";
import { extname } from "node:path";
import type { ResolvedRedis, Snapshot, SnapshotNotice } from "@shunt/core";
import { decodeSnapshotNotice } from "@shunt/core/contract/decode";
import { restartDelayMs } from "./backoff.ts";
import type { Log } from "./log.ts";

/** It is said when it begins or changes, then after this time, and each time after twice as long, up to the last. */
const SAY_AGAIN_MS = 5_000;
const SAY_AT_LEAST_MS = 60_000;

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
  #said = "";
  #sayAgainAt = 0;
  #pauseMs = SAY_AGAIN_MS;
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
    const said = notice.kind === "away" ? notice.reason : "";
    const isNews = this.#sayAgainAt === 0 || said !== this.#said;
    if (!isNews && now < this.#sayAgainAt) return;
    this.#pauseMs = isNews ? SAY_AGAIN_MS : Math.min(SAY_AT_LEAST_MS, this.#pauseMs * 2);
    this.#sayAgainAt = now + this.#pauseMs;
    this.#said = said;
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
