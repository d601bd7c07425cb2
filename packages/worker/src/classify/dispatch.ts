import {
  Batch,
  CONTENT,
  type DataPlaneConfig,
  type EntryPeer,
  FIXED,
  isNewer,
  RECORD,
  type Snapshot,
  Verdict,
} from "@shunt/core";
import { Piscina } from "piscina";
import { Judge } from "./judge.ts";
import type { ClassifierTask, ClassifierThreadData } from "./thread.ts";

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

const BATCH = Object.freeze({
  entries: FIXED.batchEntries,
  dataBytes: FIXED.batchBytes,
  recordWords: FIXED.batchVerdictWords,
});
/** How often a batch in flight is looked at. Deadlines are counted in looks: a process that was stopped took none. */
const LOOK_MS = 10;
/** Looks until a thread that has not begun is given up: it may be loading code or rules. */
const LOOKS_TO_BEGIN = 1_000;

/** A batch on its way through a thread. */
interface Flight {
  readonly batch: Batch;
  readonly clients: readonly Unread[];
  readonly snapshot: Snapshot;
  readonly abort: AbortController;
  /** Progress at the last look, and how many looks have seen no other. */
  seen: number;
  looks: number;
  landed: boolean;
}

/**
 * The event loop's side of classification. Clients queue up during a turn; at its end a lone one is judged here, and
 * several go to a thread as one batch. One batch is in flight per thread; what arrives meanwhile is the next.
 * One thread more than is used stands by: when one is stuck, what is left of its batch goes there at once.
 */
export class Dispatcher {
  #snapshot: Snapshot;
  #rules: Rules;
  #queue: Unread[] = [];
  /** Threads that may work at the same time. */
  readonly #threads: number;
  readonly #pool: Piscina<ClassifierTask, void>;
  readonly #hangOn: string | undefined;
  readonly #lone = new Batch(new ArrayBuffer(Batch.bytes(LONE)), LONE);
  readonly #spare: Batch[] = [];
  readonly #flights: Flight[] = [];
  readonly #verdict = new Verdict();
  #watching = false;
  #closed = false;
  /** Batches that a thread judged, heads judged here, threads that were stuck. */
  batches = 0;
  inline = 0;
  stuck = 0;

  static async start(snapshot: Snapshot, hangOn?: string): Promise<Dispatcher> {
    const rules = await rulesOf(snapshot, textOf(snapshot.config));
    const dispatcher = new Dispatcher(snapshot, rules, hangOn);
    await dispatcher.#warm(rules);
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
    // A thread that dies rejects its batch; of one that dies idle there is nothing to tell, it is replaced.
    this.#pool.on("error", () => {});
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /**
   * Judges by another snapshot from now on, once every thread has its rules; at once where only servers have changed.
   * Batches in flight keep theirs. Of two that are adopted at the same time the later version stays. Rejects when the
   * rules or keys cannot be used.
   */
  async adopt(snapshot: Snapshot): Promise<void> {
    const text = textOf(snapshot.config);
    const isKnown = text === this.#rules.text;
    const rules = isKnown ? this.#rules : await rulesOf(snapshot, text);
    if (!isKnown) await this.#warm(rules);
    if (isNewer(this.#snapshot, snapshot)) return;
    this.#snapshot = snapshot;
    this.#rules = rules;
  }

  /** Queues a client for the end of this turn; it must not queue again before it was judged. */
  enqueue(client: Unread): void {
    this.#queue.push(client);
  }

  /** To be called at the end of a turn: judges or sends off what has queued up. */
  flush(): void {
    if (this.#queue.length === 1 && this.#flights.length === 0 && this.#mayJudgeHere(this.#queue[0])) {
      this.#judgeHere(this.#queue.pop() as Unread);
      return;
    }
    while (this.#queue.length > 0 && this.#flights.length < this.#threads && !this.#closed) this.#send();
  }

  /** Ends the threads. Whoever still waits for a verdict is told nothing any more. */
  close(): Promise<void> {
    this.#closed = true;
    this.#queue = [];
    this.#flights.length = 0;
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
  #send(): void {
    const batch = this.#spare.pop() ?? new Batch(new SharedArrayBuffer(Batch.bytes(BATCH)), BATCH);
    batch.clear();
    const clients = this.#fill(batch);
    if (clients.length === 0) {
      this.#spare.push(batch);
      return;
    }
    const flight: Flight = {
      batch,
      clients,
      snapshot: this.#snapshot,
      abort: new AbortController(),
      seen: -1,
      looks: 0,
      landed: false,
    };
    this.#flights.push(flight);
    this.batches++;
    this.#pool.run(this.#task(batch, this.#rules), { signal: flight.abort.signal }).then(
      () => this.#land(flight),
      () => this.#giveUp(flight),
    );
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

  #task(batch: Batch, { version, memory: config }: Rules): ClassifierTask {
    const memory = batch.memory as SharedArrayBuffer;
    return { memory, size: batch.size, entries: batch.entries, version, config };
  }

  /** The thread came to the end of the batch. */
  #land(flight: Flight): void {
    if (flight.landed || this.#closed) return;
    this.#end(flight);
    this.#deliver(flight.batch, flight.clients, flight.snapshot, flight.clients.length);
    this.#spare.push(flight.batch);
    this.flush();
  }

  /**
   * The thread is stuck or died. What it published stands; the request that it was at gets 500; the entries behind go
   * to the front of the queue. The batch's memory is not used again: the thread may still write into it.
   */
  #giveUp(flight: Flight): void {
    if (flight.landed || this.#closed) return;
    this.#end(flight);
    this.stuck++;
    const current = Math.max(flight.batch.current, 0);
    this.#queue = [...flight.clients.slice(current + 1), ...this.#queue];
    this.#deliver(flight.batch, flight.clients, flight.snapshot, current);
    flight.abort.abort();
    this.flush();
  }

  #end(flight: Flight): void {
    flight.landed = true;
    this.#flights.splice(this.#flights.indexOf(flight), 1);
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
    for (const flight of [...this.#flights]) if (this.#isStuck(flight)) this.#giveUp(flight);
    if (this.#flights.length > 0) this.#watch();
  }

  #isStuck(flight: Flight): boolean {
    const { current, published } = flight.batch;
    const progress = published * BATCH.entries * 2 + current;
    if (progress !== flight.seen) {
      flight.seen = progress;
      flight.looks = 0;
      return false;
    }
    flight.looks++;
    if (current < 0) return flight.looks > LOOKS_TO_BEGIN;
    // One look more than the time has: the first of them may have come right behind the last progress.
    return (
      current < flight.clients.length && flight.looks * LOOK_MS > flight.snapshot.config.timeouts.classifyMs
    );
  }

  /** Lets every thread load its code and the rules: as many tasks as threads, at the same time. */
  async #warm(rules: Rules): Promise<void> {
    const tiny = { entries: 1, dataBytes: 0, recordWords: 0 };
    const batch = new Batch(new SharedArrayBuffer(Batch.bytes(tiny)), tiny);
    const task = this.#task(batch, rules);
    await Promise.all(Array.from({ length: this.#threads + 1 }, () => this.#pool.run(task)));
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

/**
 * More rules than this are for the threads alone. To index them takes 20 to 30 microseconds for each, in which an event loop
 * serves nobody; and who has so many has more than one client at a time.
 */
export const LOOP_RULES = 1_000;

/** What heads are judged by. Many snapshots may have the same: most changes are about servers. */
interface Rules {
  /** Names them to the threads: the version of the first snapshot that had them. */
  readonly version: string;
  /** For what is judged on the loop; undefined where nothing is. */
  readonly judge: Judge | undefined;
  readonly text: string;
  /** The text as the threads read it. */
  readonly memory: SharedArrayBuffer;
}

async function rulesOf({ config, term, generation }: Snapshot, text: string): Promise<Rules> {
  const judge = config.rules.length > LOOP_RULES ? undefined : await Judge.of(config);
  const octets = Buffer.from(text);
  const memory = new SharedArrayBuffer(octets.length);
  new Uint8Array(memory).set(octets);
  return { version: `${term}.${generation}`, judge, text, memory };
}

/** The configuration without the servers of its pools: no judgement depends on them. */
function textOf(config: DataPlaneConfig): string {
  return JSON.stringify({ ...config, pools: config.pools.map((pool) => ({ ...pool, servers: [] })) });
}
