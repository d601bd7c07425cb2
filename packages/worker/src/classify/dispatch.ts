import { Batch, CONTENT, type EntryPeer, FIXED, isNewer, RECORD, type Snapshot, Verdict } from "@shunt/core";
import { Piscina } from "piscina";
import { BATCH, Classifier, type ClassifierEvents, LOOK_MS } from "./classifier.ts";
import { type Rules, rulesOf, textOf } from "./rules.ts";
import type { ClassifierTask, ClassifierThreadData } from "./thread.ts";

/** From so many clients on a batch is worth its hand-over. */
const FEW = 8;

/** Whoever has unread octets that begin with a head: a client connection. */
export interface Unread {
  readonly peer: EntryPeer;
  /** Octets that were received and not yet read as heads. Grows at its end only, while they are judged. */
  readonly unread: Buffer;
  /** How many further requests may be read now. */
  readonly room: number;
  /** Octets of content at the end of `unread`, or of CONTENT. */
  readonly content: number;
  /**
   * One verdict after the other, in order; offsets count from the start of `unread`. The verdict is written over by the
   * next one. None comes for a client that emptied `unread` since it queued up, unless its batch had left.
   */
  judged(verdict: Verdict, snapshot: Snapshot): void;
  /** No more verdicts come; `read` octets of `unread` are done with. `rest` tells what lies behind them. */
  judgedAll(read: number, rest: Rest): void;
}

/** more: was not looked at. partial: a head that is not complete. stuck: a request that cannot be judged. */
export type Rest = "more" | "partial" | "stuck";

/**
 * The event loop's side of classification. Clients queue up during a turn; at its end a lone one is judged here, and
 * several go to a thread as one batch. One batch is in flight per thread; what arrives meanwhile is the next.
 * One thread more than is used stands by: when one is stuck, what is left of its batch goes there at once.
 */
export class Dispatcher implements ClassifierEvents {
  #snapshot: Snapshot;
  #rules: Rules;
  /** Rules that one thread learns already. */
  #next: Rules | undefined;
  /** Ends when whoever came before has adopted its rules. */
  #adopting: Promise<void> = Promise.resolve();
  #queue: Unread[] = [];
  /** Threads that may work at the same time. */
  readonly #threads: number;
  readonly #pool: Piscina<ClassifierTask, void>;
  /** One more than may work. The first one that is free is asked first: its code is the warmest. */
  readonly #classifiers: Classifier[];
  /** How many of them have a batch. */
  #judging = 0;
  readonly #hangOn: string | undefined;
  readonly #lone = new Batch(new ArrayBuffer(Batch.bytes(LONE)), LONE);
  readonly #verdict = new Verdict();
  #watching = false;
  #closed = false;
  /** Those that have queued up have waited for a turn. */
  #waited = false;
  /** Batches that a thread judged, heads judged here, threads that were stuck. */
  batches = 0;
  inline = 0;
  stuck = 0;

  static async start(snapshot: Snapshot, hangOn?: string): Promise<Dispatcher> {
    const dispatcher = new Dispatcher(snapshot, await rulesOf(snapshot, textOf(snapshot.config)), hangOn);
    try {
      await Promise.all(dispatcher.#classifiers.map(({ loaded }) => loaded));
    } catch (error) {
      await dispatcher.close();
      throw error;
    }
    return dispatcher;
  }

  private constructor(snapshot: Snapshot, rules: Rules, hangOn: string | undefined) {
    this.#snapshot = snapshot;
    this.#rules = rules;
    this.#hangOn = hangOn;
    this.#threads = Math.max(1, snapshot.config.classifierThreads);
    const threads = this.#threads + 1;
    this.#pool = new Piscina<ClassifierTask, void>({
      filename: new URL(import.meta.url.endsWith(".ts") ? "./thread.ts" : "./thread.js", import.meta.url)
        .href,
      minThreads: threads,
      maxThreads: threads,
      workerData: { hangOn } satisfies ClassifierThreadData,
      recordTiming: false,
    });
    // A thread that dies rejects its task; of one that dies between two tasks there is nothing to tell, it is replaced.
    this.#pool.on("error", () => {});
    this.#classifiers = Array.from({ length: threads }, () => new Classifier(this.#pool, rules, this));
    this.#watch();
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /**
   * Judges by another snapshot from now on, once a thread has its rules; at once where only servers have changed.
   * Batches in flight keep theirs. Of two that are adopted at the same time the later version stays. Rejects when the
   * rules or keys cannot be used.
   */
  adopt(snapshot: Snapshot): Promise<void> {
    const text = textOf(snapshot.config);
    if (text === this.#rules.text) {
      this.#use(snapshot, this.#rules);
      return Promise.resolve();
    }
    const adopted = this.#adopting.then(() => this.#adopt(snapshot, text));
    this.#adopting = adopted.catch(() => {});
    return adopted;
  }

  /** The thread that stands by learns the rules first; the others do as soon as judging is by them, when they are free. */
  async #adopt(snapshot: Snapshot, text: string): Promise<void> {
    if (isNewer(this.#snapshot, snapshot)) return;
    let rules = this.#rules;
    if (text !== rules.text) {
      rules = await rulesOf(snapshot, text);
      this.#next = rules;
      try {
        await this.#teach(rules);
      } finally {
        this.#next = undefined;
      }
    }
    this.#use(snapshot, rules);
    for (const classifier of [...this.#classifiers]) this.#renew(classifier);
    this.flush();
  }

  #use(snapshot: Snapshot, rules: Rules): void {
    if (isNewer(this.#snapshot, snapshot)) return;
    this.#snapshot = snapshot;
    this.#rules = rules;
  }

  /** Resolves when one thread has the rules. There is always one that has no batch, but it may be loading. */
  async #teach(rules: Rules): Promise<void> {
    let free = this.#classifiers.findLast(({ state }) => state === "free");
    while (free === undefined) {
      await this.#classifiers.find(({ state }) => state === "loading")?.loaded;
      if (this.#closed) throw new Error("Cannot adopt rules: the classifier threads were ended");
      free = this.#classifiers.findLast(({ state }) => state === "free");
    }
    free.end();
    const learner = this.#replace(free, rules);
    try {
      await learner.loaded;
    } catch (error) {
      // Whoever cannot learn these goes back to those of now.
      if (learner.state !== "over") this.#giveUp(learner);
      throw error;
    }
  }

  /** Lets one that is free take up the rules of now, unless it has them, or those that are to come. */
  #renew(classifier: Classifier): void {
    const { state, rules } = classifier;
    if (state !== "free" || rules === this.#rules || rules === this.#next) return;
    classifier.end();
    this.#replace(classifier, this.#rules);
  }

  /** Puts a new one behind the others, in place of one that is over. */
  #replace(over: Classifier, rules: Rules): Classifier {
    const classifier = new Classifier(this.#pool, rules, this);
    this.#classifiers.splice(this.#classifiers.indexOf(over), 1);
    this.#classifiers.push(classifier);
    this.#watch();
    return classifier;
  }

  /** Queues a client for the end of this turn; it must not queue again before it was judged. */
  enqueue(client: Unread): void {
    this.#queue.push(client);
  }

  /**
   * To be called at the end of a turn: judges or sends off what has queued up. A few clients wait for one turn more, since
   * waking a thread costs as much as judging several heads: then it returns true, and is to be called at the end of the next.
   */
  endTurn(): boolean {
    const { length } = this.#queue;
    const isFew = length > 1 && length < FEW && this.#judging < this.#threads;
    this.#waited = isFew && !this.#waited;
    if (!this.#waited) this.flush();
    return this.#waited;
  }

  /** Judges or sends off what has queued up. */
  flush(): void {
    if (this.#queue.length === 1 && this.#judging === 0 && this.#mayJudgeHere(this.#queue[0])) {
      this.#judgeHere(this.#queue.pop() as Unread);
      return;
    }
    while (this.#queue.length > 0 && this.#judging < this.#threads && !this.#closed) {
      const classifier = this.#classifiers.find(
        ({ state, rules }) => state === "free" && rules === this.#rules,
      );
      if (classifier === undefined) return;
      this.#send(classifier);
    }
  }

  /** Ends the threads. Whoever still waits for a verdict is told nothing any more. */
  close(): Promise<void> {
    this.#closed = true;
    this.#queue = [];
    for (const classifier of this.#classifiers) classifier.end();
    return this.#pool.destroy();
  }

  #mayJudgeHere(client: Unread | undefined): boolean {
    const isCheap = this.#rules.judge?.costly === false;
    return isCheap && this.#hangOn === undefined && client?.content === CONTENT.AHEAD;
  }

  #judgeHere(client: Unread): void {
    const batch = this.#lone;
    batch.clear();
    if (!enter(batch, client)) {
      client.judgedAll(0, "more");
      return;
    }
    // Never a promise: what would have to wait is costly, and is not judged here.
    void this.#rules.judge?.judge(batch, 0);
    this.inline++;
    this.#deliver(batch, [client], this.#snapshot, 1);
  }

  /** Sends off the next batch, if there is still somebody to be judged. */
  #send(classifier: Classifier): void {
    const { batch } = classifier;
    batch.clear();
    const clients = this.#fill(batch);
    if (clients.length === 0) return;
    this.#judging++;
    this.batches++;
    classifier.judge(clients, this.#snapshot);
    this.#watch();
  }

  /** Takes clients from the queue, in order, as long as there is room in the batch. */
  #fill(batch: Batch): Unread[] {
    const queue = this.#queue;
    const clients: Unread[] = [];
    let taken = 0;
    for (; taken < queue.length && hasRoom(batch, queue[taken] as Unread); taken++) {
      const client = queue[taken] as Unread;
      if (enter(batch, client)) clients.push(client);
      else client.judgedAll(0, "more");
    }
    // Whoever had nothing to judge may have queued up again meanwhile.
    this.#queue = queue.slice(taken);
    return clients;
  }

  answered(classifier: Classifier): void {
    if (this.#closed) return;
    const { state, batch, clients, snapshot } = classifier;
    if (state === "judging") {
      this.#judging--;
      this.#deliver(batch, clients, snapshot as Snapshot, clients.length);
    }
    classifier.release();
    this.#renew(classifier);
    this.flush();
  }

  /** One that cannot even load is tried again when it is given up: it may not be able to at once either. */
  ended(classifier: Classifier): void {
    if (classifier.state !== "loading") this.#giveUp(classifier);
  }

  /**
   * The thread is stuck or died. What it published stands; the request that it was at gets 500; the entries behind go
   * to the front of the queue. The batch's memory is not used again: the thread may still write into it.
   */
  #giveUp(classifier: Classifier): void {
    if (this.#closed) return;
    const { state, batch, clients, snapshot } = classifier;
    if (state === "judging") {
      this.#judging--;
      this.stuck++;
      const current = Math.max(batch.current, 0);
      this.#queue = [...clients.slice(current + 1), ...this.#queue];
      this.#deliver(batch, clients, snapshot as Snapshot, current);
    }
    classifier.kill();
    this.#replace(classifier, this.#rules);
    this.flush();
  }

  /**
   * Reads what was published and tells the clients. Entries below `judged` came to their end; the one at `judged`,
   * if there is such a one, is stuck behind its last published verdict.
   */
  #deliver(batch: Batch, clients: readonly Unread[], snapshot: Snapshot, judged: number): void {
    const verdict = this.#verdict;
    const { published } = batch;
    batch.rewind();
    let entry = 0;
    let read = 0;
    let rest: Rest = "more";
    for (let i = 0; i < published; i++) {
      batch.read(verdict);
      // A thread that was given up may have come to itself and gone on: those entries are judged once more, elsewhere.
      if (verdict.entry > judged) break;
      for (; entry < verdict.entry; entry++, read = 0, rest = "more")
        (clients[entry] as Unread).judgedAll(read, rest);
      const client = clients[entry] as Unread;
      read = verdict.end;
      rest = "more";
      if (verdict.kind === RECORD.REQUEST || verdict.kind === RECORD.REFUSED)
        client.judged(verdict, snapshot);
      // A head that was not complete may be now, if octets have come since, or did not go into the batch.
      else if (verdict.kind === RECORD.INCOMPLETE && batch.entryLength(entry) === client.unread.length)
        rest = "partial";
    }
    for (; entry < judged; entry++, read = 0, rest = "more") (clients[entry] as Unread).judgedAll(read, rest);
    if (judged < clients.length) (clients[judged] as Unread).judgedAll(read, "stuck");
  }

  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    setTimeout(() => this.#look(), LOOK_MS);
  }

  #look(): void {
    this.#watching = false;
    if (this.#closed) return;
    for (const classifier of [...this.#classifiers])
      if (classifier.state !== "free" && classifier.isStuck()) this.#giveUp(classifier);
    if (this.#classifiers.some(({ state }) => state !== "free")) this.#watch();
  }
}

const LONE = Object.freeze({ ...BATCH, entries: 1, dataBytes: FIXED.entryBytes });

function hasRoom(batch: Batch, client: Unread): boolean {
  const { entries, dataBytes } = batch.size;
  return batch.entries < entries && dataBytes - batch.dataUsed >= entryBytes(client);
}

/** Makes a client the next entry. Returns false for one with nothing to judge: it has closed since it queued up. */
function enter(batch: Batch, client: Unread): boolean {
  const { unread, peer, room, content } = client;
  const octets = entryBytes(client);
  return batch.add(octets < unread.length ? unread.subarray(0, octets) : unread, peer, room, content) > 0;
}

/** The rest of what a client has sent is for another batch; a head and its content stay together. */
function entryBytes({ unread, content }: Unread): number {
  return content === CONTENT.AHEAD ? Math.min(unread.length, FIXED.entryBytes) : unread.length;
}
