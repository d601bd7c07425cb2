import { workerData } from "node:worker_threads";
import { Batch, type BatchSize, type DataPlaneConfig } from "@shunt/core/judging";
import { Doorbell } from "./doorbell.ts";
import { Judge } from "./judge.ts";

/** What the event loop hands to a classifier thread, once for all the batches that it judges by the same rules. */
export interface ClassifierTask {
  /** Of the doorbell. */
  readonly bell: SharedArrayBuffer;
  /** Of the batch. */
  readonly memory: SharedArrayBuffer;
  readonly size: BatchSize;
  /** The configuration as JSON, without servers, in shared memory. */
  readonly config: SharedArrayBuffer;
}

/** What a classifier thread is started with. */
export interface ClassifierThreadData {
  /** A test hook: heads and content that hold this text hang the thread. Undefined outside of tests. */
  readonly hangOn: string | undefined;
}

/** Null where this is only compiled (main.ts). */
const hangOn = (workerData as ClassifierThreadData | null)?.hangOn;

/**
 * Judges one batch after the other, each when the bell has rung for it. What it found lies in the batch. It blocks while it
 * waits for the bell, and for nothing else: a signature is verified while the event loop of the thread turns.
 */
export default async function classify(task: ClassifierTask): Promise<void> {
  const judge = await Judge.of(JSON.parse(Buffer.from(task.config).toString("utf8")) as DataPlaneConfig);
  const batch = hangOn === undefined ? new Batch(task.memory, task.size) : new HangingBatch(task, hangOn);
  const bell = new Doorbell(task.bell);
  while (bell.answer()) {
    batch.rewind();
    const { entries } = batch;
    for (let entry = 0; entry < entries; entry++) {
      const pending = judge.judge(batch, entry);
      if (pending !== undefined) await pending;
    }
    batch.begin(entries);
  }
}

/** The test hook: a head that holds the text, or its content, is judged, and the verdict is never published. */
class HangingBatch extends Batch {
  readonly #text: string;

  constructor(task: ClassifierTask, text: string) {
    super(task.memory, task.size);
    this.#text = text;
  }

  override write(...record: Parameters<Batch["write"]>): void {
    const [entry, { start, end }] = record;
    const at = this.entryAt(entry);
    const head = Buffer.from(
      this.data.subarray(at + start, at + end + Math.max(this.entryContent(entry), 0)),
    );
    while (head.includes(this.#text));
    super.write(...record);
  }
}
