/**
 * What it costs to have heads judged: on the loop, and in a thread in batches, which are handed over in two ways. "task" is a
 * Piscina task for each batch; "bell" is one task that lasts and is woken by a doorbell; "dispatcher" is the second, with all
 * that belongs to it. The wait is that for a whole batch; CPU per head is that of the loop's own
 * thread, and of the whole process. Rounds are interleaved; printed are medians.
 *
 * Run it: node packages/worker/src/classify/dispatch.bench.ts
 */

import { isMainThread, workerData } from "node:worker_threads";
import { Batch, type BatchSize, CONTENT, type DataPlaneConfig, type Snapshot, Verdict } from "@shunt/core";
import { Piscina } from "piscina";
import { snapshotOf } from "../test-snapshot.ts";
import { BATCH } from "./classifier.ts";
import { Dispatcher, type Unread } from "./dispatch.ts";
import { Doorbell } from "./doorbell.ts";
import { Judge } from "./judge.ts";
import { rulesOf, textOf } from "./rules.ts";
import type { ClassifierTask } from "./thread.ts";

const SIZES = [1, 8, 32, 128];
const HEADS = 20_000;
const LONE_HEADS = 5_000;
const ROUNDS = 7;
const HEAD = Buffer.from(
  "GET /articles/2026/11/balancer?page=2 HTTP/1.1\r\nHost: www.site.example\r\nConnection: keep-alive\r\n" +
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0\r\n" +
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n" +
    "Cookie: session=0123456789abcdef0123456789abcdef; tier=gold; theme=dark\r\n\r\n",
);
const PEER = { family: 4, words: [0x7f00_0001, 0, 0, 0], trusted: false } as const;

/** The task for each batch, in its thread. */
interface BatchTask {
  readonly memory: SharedArrayBuffer;
  readonly size: BatchSize;
}

const judge = isMainThread ? undefined : await Judge.of(workerData as DataPlaneConfig);

export default async function judgeBatch({ memory, size }: BatchTask): Promise<void> {
  const batch = new Batch(memory, size);
  for (let entry = 0; entry < batch.entries; entry++) await judge?.judge(batch, entry);
}

/** Resolves when so many heads are judged. */
type JudgeHeads = (count: number) => Promise<void>;
interface Way {
  readonly name: string;
  readonly judgeHeads: JudgeHeads;
  close(): Promise<void>;
}

/** Fills a batch, has it judged, and reads what was found. */
function inBatches(batch: Batch, judgeBatch: () => Promise<void>): JudgeHeads {
  const verdict = new Verdict();
  return async (count) => {
    batch.clear();
    for (let n = 0; n < count; n++) batch.add(HEAD, PEER, 64);
    await judgeBatch();
    batch.rewind();
    for (let n = 0; n < count; n++) batch.read(verdict);
  };
}

const newBatch = (): Batch => new Batch(new SharedArrayBuffer(Batch.bytes(BATCH)), BATCH);
const ONE_THREAD = { minThreads: 1, maxThreads: 1, recordTiming: false };

async function onTheLoop({ config }: Snapshot): Promise<Way> {
  const batch = newBatch();
  const own = await Judge.of(config);
  const judgeAll = async (): Promise<void> => {
    for (let entry = 0; entry < batch.entries; entry++) void own.judge(batch, entry);
  };
  return { name: "loop", judgeHeads: inBatches(batch, judgeAll), close: async () => {} };
}

function byTasks({ config }: Snapshot): Way {
  const batch = newBatch();
  const pool = new Piscina<BatchTask, void>({
    ...ONE_THREAD,
    filename: import.meta.filename,
    workerData: config,
  });
  const task = { memory: batch.memory as SharedArrayBuffer, size: BATCH };
  // With a signal, as whoever may have to end a thread needs one.
  const judgeHeads = inBatches(batch, () => pool.run(task, { signal: new AbortController().signal }));
  return { name: "task", judgeHeads, close: () => pool.destroy() };
}

async function byBell(snapshot: Snapshot): Promise<Way> {
  const batch = newBatch();
  const bell = new Doorbell();
  const pool = new Piscina<ClassifierTask, void>({
    ...ONE_THREAD,
    filename: `${import.meta.dirname}/thread.ts`,
    workerData: {},
  });
  const { memory: config } = await rulesOf(snapshot, textOf(snapshot.config));
  const answer = (): Promise<void> => new Promise((resolve) => bell.awaitAnswer(resolve));
  const task = { bell: bell.memory, memory: batch.memory as SharedArrayBuffer, size: BATCH, config };
  const ended = pool.run(task);
  await answer();
  const judgeHeads = inBatches(batch, () => {
    bell.ring();
    return answer();
  });
  const close = async (): Promise<void> => {
    bell.end();
    await ended;
    await pool.destroy();
  };
  return { name: "bell", judgeHeads, close };
}

/** A client that has one head to be judged, again and again. */
class Client implements Unread {
  readonly peer = PEER;
  readonly unread = HEAD;
  readonly room = 64;
  readonly content = CONTENT.AHEAD;
  onJudged: () => void = () => {};
  judged(_verdict: Verdict, _snapshot: Snapshot): void {}
  judgedAll(): void {
    this.onJudged();
  }
}

async function byDispatcher(snapshot: Snapshot): Promise<Way> {
  const dispatcher = await Dispatcher.start(snapshot);
  const clients = Array.from({ length: Math.max(...SIZES) }, () => new Client());
  const judgeHeads = (count: number): Promise<void> =>
    new Promise((resolve) => {
      let left = count;
      for (const client of clients.slice(0, count)) {
        client.onJudged = () => --left === 0 && resolve();
        dispatcher.enqueue(client);
      }
      dispatcher.flush();
    });
  return { name: "dispatcher", judgeHeads, close: () => dispatcher.close() };
}

/** In microseconds: a batch, and CPU per head of the loop and of the process. */
type Cost = readonly [wait: number, loop: number, all: number];

async function measure(judgeHeads: JudgeHeads, size: number): Promise<Cost> {
  const batches = Math.ceil((size === 1 ? LONE_HEADS : HEADS) / size);
  const [loop, all, startedAt] = [process.threadCpuUsage(), process.cpuUsage(), performance.now()];
  for (let n = 0; n < batches; n++) await judgeHeads(size);
  const wait = ((performance.now() - startedAt) * 1e3) / batches;
  const perHead = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / (batches * size);
  return [wait, perHead(process.threadCpuUsage(loop)), perHead(process.cpuUsage(all))];
}

function print(size: number, name: string, costs: readonly Cost[]): void {
  const columns = ([0, 1, 2] as const).map((column) => {
    const sorted = costs.map((cost) => cost[column]).sort((a, b) => a - b);
    const [least, middle, most] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)] as number[];
    return `${middle?.toFixed(1)} (${least?.toFixed(1)}-${most?.toFixed(1)})`.padStart(24);
  });
  console.log(`${String(size).padStart(5)} ${name.padEnd(10)} ${columns.join(" ")}`);
}

if (isMainThread) {
  // An expression makes rules costly, so that a lone head goes to a thread too. No head has the field.
  const snapshot = snapshotOf({
    rules: [
      { name: "expression", when: { header: { "x-absent": { regex: "^a" } } }, class: "gold" },
      { name: "gold cookie", when: { cookie: { tier: "gold" } }, class: "gold" },
    ],
  });
  const ways = [
    await onTheLoop(snapshot),
    byTasks(snapshot),
    await byBell(snapshot),
    await byDispatcher(snapshot),
  ];
  const titles = ["wait for a batch", "loop, CPU a head", "all, CPU a head"];
  console.log(`heads way        ${titles.map((title) => title.padStart(24)).join(" ")}   microseconds`);
  for (const size of SIZES) {
    const costs = ways.map((): Cost[] => []);
    for (const { judgeHeads } of ways) await measure(judgeHeads, size);
    for (let round = 0; round < ROUNDS; round++)
      for (const [way, { judgeHeads }] of ways.entries()) costs[way]?.push(await measure(judgeHeads, size));
    for (const [way, { name }] of ways.entries()) print(size, name, costs[way] as Cost[]);
  }
  for (const way of ways) await way.close();
}
