import { workerData } from "node:worker_threads";
import { Batch, type BatchSize, type DataPlaneConfig } from "@shunt/core/judging";
import { Judge } from "./judge.ts";

/** What the event loop hands to a classifier thread. */
export interface ClassifierTask {
  readonly memory: SharedArrayBuffer;
  readonly size: BatchSize;
  readonly entries: number;
  /** Names the rules to judge by: the version of the first snapshot that had them. */
  readonly version: string;
  /** The configuration of that version as JSON, without servers, in shared memory: a handle of a few bytes for the thread that has it. */
  readonly config: SharedArrayBuffer;
}

/** What a classifier thread is started with. */
export interface ClassifierThreadData {
  /** A test hook: heads and content that hold this text hang the thread. Undefined outside of tests. */
  readonly hangOn: string | undefined;
}

/** Null where this is only compiled (main.ts). */
const hangOn = (workerData as ClassifierThreadData | null)?.hangOn;
/** Rules of the versions in use: an exchange keeps to the one that it began with, so two may take turns. */
const judges = new Map<string, Promise<Judge>>();
const KEPT_VERSIONS = 3;

/** Judges a batch. What it found lies in the batch; the returned value says only that it came to the end. */
export default async function classifyBatch(task: ClassifierTask): Promise<void> {
  const judge = await judgeOf(task);
  const batch = hangOn === undefined ? new Batch(task.memory, task.size) : new HangingBatch(task, hangOn);
  for (let entry = 0; entry < task.entries; entry++) {
    const pending = judge.judge(batch, entry);
    if (pending !== undefined) await pending;
  }
  batch.begin(task.entries);
}

function judgeOf(task: ClassifierTask): Promise<Judge> {
  let judge = judges.get(task.version);
  if (judge === undefined) {
    const config = JSON.parse(Buffer.from(task.config).toString("utf8")) as DataPlaneConfig;
    judge = Judge.of(config);
    judges.set(task.version, judge);
    const [oldest = task.version] = judges.keys();
    if (judges.size > KEPT_VERSIONS) judges.delete(oldest);
  }
  return judge;
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
