import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import { CONTENT } from "@shunt/core";
import { Piscina } from "piscina";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../test-peers.ts";
import { snapshotOf } from "../test-snapshot.ts";
import { Classifier } from "./classifier.ts";
import type { Unread } from "./dispatch.ts";
import { type Rules, rulesOf, textOf } from "./rules.ts";
import type { ClassifierTask } from "./thread.ts";

const PEER = { family: 4, words: [0x0a00_0001, 0, 0, 0], trusted: false } as const;
const snapshot = snapshotOf();

let pool: Piscina<ClassifierTask, void>;
let rules: Rules;
let answered: Classifier[];
let ended: Classifier[];
const events = {
  answered: (classifier: Classifier) => void answered.push(classifier),
  ended: (classifier: Classifier) => void ended.push(classifier),
};

beforeEach(async () => {
  [answered, ended] = [[], []];
  rules = await rulesOf(snapshot, textOf(snapshot.config));
  const filename = `${import.meta.dirname}/thread.ts`;
  pool = new Piscina({ filename, minThreads: 1, maxThreads: 1, workerData: { hangOn: "hang-here" } });
  pool.on("error", () => {});
});
afterEach(() => pool.destroy());

const theThread = (): Worker => pool.threads[0] as Worker;

async function start(): Promise<Classifier> {
  const classifier = new Classifier(pool, rules, events);
  await classifier.loaded;
  classifier.release();
  return classifier;
}

/** Has one head judged that asks for `path`. */
function judge(classifier: Classifier, path: string): void {
  const head = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  const client: Unread = {
    peer: PEER,
    unread: head,
    room: 1,
    content: CONTENT.AHEAD,
    judged: () => {},
    judgedAll: () => {},
  };
  classifier.batch.clear();
  classifier.batch.add(head, PEER, 1);
  classifier.judge([client], snapshot);
}

test("Classifier judges batch after batch in one task of one thread", async () => {
  const classifier = await start();
  const thread = theThread();
  for (let batch = 1; batch <= 20; batch++) {
    judge(classifier, "/ok");
    await until(() => answered.length === 1 + batch);
    expect(classifier.batch.published).toBe(1);
  }
  expect(pool.completed).toBe(0);
  expect(theThread()).toBe(thread);
});

test("Classifier gives its thread back when it ends, and the next one takes it up", async () => {
  const first = await start();
  const thread = theThread();
  first.end();
  const second = await start();
  judge(second, "/ok");
  await until(() => second.batch.published === 1);
  expect(theThread()).toBe(thread);
  expect(ended).toEqual([]);
});

test.each([
  ["waits for the bell", "/ok"],
  ["never comes back", "/hang-here"],
])("Classifier takes a thread that %s with it when it is killed, and another one starts", async (_, path) => {
  const classifier = await start();
  judge(classifier, path);
  await until(() => classifier.batch.current >= (path === "/ok" ? 1 : 0));
  const thread = theThread();
  const exit = once(thread, "exit");
  classifier.kill();
  await exit;
  const next = await start();
  judge(next, "/ok");
  await until(() => next.batch.published === 1);
  expect(theThread()).not.toBe(thread);
  expect([ended, answered.at(-1)]).toEqual([[], next]);
});

test("Classifier tells when its thread dies", async () => {
  const classifier = await start();
  await theThread().terminate();
  await until(() => ended.length === 1);
  expect(ended).toEqual([classifier]);
});

test("Classifier that is ended before it has its rules says so to whoever waits for them", async () => {
  const classifier = new Classifier(pool, rules, events);
  classifier.kill();
  await expect(classifier.loaded).rejects.toThrow();
  expect([answered, ended]).toEqual([[], []]);
});
