import { EventEmitter } from "node:events";
import { Batch, type DataPlaneConfig } from "@shunt/core";
import { Judge } from "../../../packages/worker/src/classify/judge.ts";
import type { ClassifierTask } from "../../../packages/worker/src/classify/thread.ts";
import { world } from "./world.ts";

/** Stands in for Piscina in the data path: its one thread is this one, and judges a batch in the turn behind. */
export class Piscina extends EventEmitter {
  readonly #judges = new Map<string, Judge>();

  /** A task with rules that are new comes before any that has something to judge: so only that one takes time. */
  run(task: ClassifierTask): PromiseLike<void> {
    const judge = this.#judges.get(task.version);
    return judge === undefined ? this.#load(task) : inNextTurn(() => judgeAll(task, judge));
  }

  destroy(): Promise<void> {
    return Promise.resolve();
  }

  async #load({ version, config }: ClassifierTask): Promise<void> {
    const rules = JSON.parse(Buffer.from(config).toString("utf8")) as DataPlaneConfig;
    this.#judges.set(version, await Judge.of(rules));
  }
}

function judgeAll({ memory, size, entries }: ClassifierTask, judge: Judge): void {
  const batch = new Batch(memory, size);
  // Never a promise: the yard has no rules with signatures.
  for (let entry = 0; entry < entries; entry++) void judge.judge(batch, entry);
  batch.begin(entries);
}

const THEN = "then";

/** What may be waited for like a promise, and is kept by the world: real promises know nothing of its turns. */
function inNextTurn(run: () => void): PromiseLike<void> {
  const settle = (done?: () => void): void => {
    world.soon(() => {
      run();
      done?.();
    });
  };
  return Object.defineProperty({}, THEN, { value: settle }) as PromiseLike<void>;
}
