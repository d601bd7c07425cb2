import { EventEmitter } from "node:events";
import { Batch, type DataPlaneConfig } from "@shunt/core";
import { Judge } from "../../../packages/worker/src/classify/judge.ts";
import type { ClassifierTask } from "../../../packages/worker/src/classify/thread.ts";
import { Doorbell } from "./doorbell.ts";

/** Stands in for Piscina in the data path: a task lasts, and judges whenever its bell rings. */
export class Piscina extends EventEmitter {
  run(task: ClassifierTask): Promise<void> {
    void serve(task);
    return new Promise(() => {});
  }

  destroy(): Promise<void> {
    return Promise.resolve();
  }
}

async function serve({ bell, memory, size, config }: ClassifierTask): Promise<void> {
  const judge = await Judge.of(JSON.parse(Buffer.from(config).toString("utf8")) as DataPlaneConfig);
  const batch = new Batch(memory, size);
  Doorbell.of(bell)?.answerBy(() => {
    batch.rewind();
    // Never a promise: the yard has no rules with signatures.
    for (let entry = 0; entry < batch.entries; entry++) void judge.judge(batch, entry);
    batch.begin(batch.entries);
  });
}
