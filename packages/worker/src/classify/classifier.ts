import { Batch, FIXED, type Snapshot } from "@shunt/core";
import type { Piscina } from "piscina";
import type { Unread } from "./dispatch.ts";
import { Doorbell } from "./doorbell.ts";
import type { Rules } from "./rules.ts";
import type { ClassifierTask } from "./thread.ts";

/** Of the batch of a thread. */
export const BATCH = Object.freeze({
  entries: FIXED.batchEntries,
  dataBytes: FIXED.batchBytes,
  recordWords: FIXED.batchVerdictWords,
});
/** How often a thread at work is looked at. Deadlines are counted in looks: a process that was stopped took none. */
export const LOOK_MS = 10;
/** Looks until a thread is given up that loads its code and rules, or has not begun its batch. */
const LOOKS_TO_BEGIN = 1_000;

/** Who hears of a classifier. */
export interface ClassifierEvents {
  /** It has its rules, or came to the end of its batch. */
  answered(classifier: Classifier): void;
  /** Its thread died, or was ended. */
  ended(classifier: Classifier): void;
}

/**
 * A thread as the event loop sees it: one task of a Piscina pool that lasts, and the one batch that both share.
 * loading -> free -> judging -> free. Whoever has other rules is another one: it ends, and its thread takes up the next.
 */
export class Classifier {
  readonly rules: Rules;
  readonly batch = new Batch(new SharedArrayBuffer(Batch.bytes(BATCH)), BATCH);
  /** Whose octets the batch has, and what they are judged by. */
  clients: readonly Unread[] = [];
  snapshot: Snapshot | undefined;
  state: "loading" | "free" | "judging" | "over" = "loading";
  /** Resolves when it has its rules; rejects when its thread ended before. */
  readonly loaded: Promise<void>;
  readonly #bell = new Doorbell();
  readonly #abort = new AbortController();
  readonly #answered: () => void;
  /** Progress at the last look, and how many looks have seen no other. */
  #seen = -1;
  #looks = 0;

  constructor(pool: Piscina<ClassifierTask, void>, rules: Rules, events: ClassifierEvents) {
    this.rules = rules;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.loaded = promise;
    // Whoever waits for it hears of it; often nobody does.
    promise.catch(() => {});
    this.#answered = () => {
      if (this.state === "over") return;
      if (this.state === "loading") resolve();
      events.answered(this);
    };
    const { memory, size } = this.batch;
    const task = {
      bell: this.#bell.memory,
      memory: memory as SharedArrayBuffer,
      size,
      config: rules.memory,
    };
    pool.run(task, { signal: this.#abort.signal }).then(
      () => reject(new Error("Cannot load rules: the thread was ended")),
      (error: unknown) => {
        reject(error);
        if (this.state !== "over") events.ended(this);
      },
    );
    this.#bell.awaitAnswer(this.#answered);
  }

  /** Hands the batch to the thread, as it was filled. */
  judge(clients: readonly Unread[], snapshot: Snapshot): void {
    this.clients = clients;
    this.snapshot = snapshot;
    this.state = "judging";
    this.#seen = -1;
    this.#looks = 0;
    this.#bell.ring();
    this.#bell.awaitAnswer(this.#answered);
  }

  /** It has nothing to do: its batch may be filled. */
  release(): void {
    this.clients = [];
    this.state = "free";
  }

  /** To be asked every LOOK_MS while it loads or judges. */
  isStuck(): boolean {
    const { current, published } = this.batch;
    const progress = published * BATCH.entries * 2 + current;
    if (progress !== this.#seen) {
      this.#seen = progress;
      this.#looks = 0;
      return false;
    }
    this.#looks++;
    if (this.snapshot === undefined || current < 0) return this.#looks > LOOKS_TO_BEGIN;
    // One look more than the time has: the first of them may have come right behind the last progress.
    return current < this.clients.length && this.#looks * LOOK_MS > this.snapshot.config.timeouts.classifyMs;
  }

  /** Ends a free one; its thread lives on. */
  end(): void {
    this.state = "over";
    this.#bell.end();
  }

  /** Ends it together with its thread, whatever that is at. */
  kill(): void {
    this.end();
    this.#abort.abort();
  }
}
