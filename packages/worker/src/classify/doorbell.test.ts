import { Worker } from "node:worker_threads";
import { afterEach, expect, test } from "vitest";
import { later, until } from "../test-peers.ts";
import { Doorbell } from "./doorbell.ts";

/** A thread that counts, in the second word of `seen`, how often the bell has rung for it; the first is 1 when it came to its end. */
const RINGER = `
  const { workerData: { module, memory, seen } } = require("node:worker_threads");
  import(module).then(({ Doorbell }) => {
    const bell = new Doorbell(memory);
    while (bell.answer()) Atomics.add(seen, 1, 1);
    Atomics.store(seen, 0, 1);
  });
`;

let thread: Worker | undefined;
afterEach(() => thread?.terminate());

function startThread(bell: Doorbell): Int32Array {
  const seen = new Int32Array(new SharedArrayBuffer(8));
  const module = new URL("./doorbell.ts", import.meta.url).href;
  thread = new Worker(RINGER, { eval: true, workerData: { module, memory: bell.memory, seen } });
  return seen;
}

const answer = (bell: Doorbell): Promise<void> => new Promise((resolve) => bell.awaitAnswer(resolve));

test("Doorbell rings as often as it is told to, and each time for one answer", async () => {
  const bell = new Doorbell();
  const seen = startThread(bell);
  await answer(bell);
  for (let rung = 1; rung <= 1_000; rung++) {
    bell.ring();
    await answer(bell);
    expect(seen[1]).toBe(rung);
  }
});

test("Doorbell tells of an answer that came before it was awaited, though never at once", async () => {
  const bell = new Doorbell();
  const seen = startThread(bell);
  await answer(bell);
  bell.ring();
  await until(() => Atomics.load(seen, 1) === 1);
  await later();
  let told = 0;
  bell.awaitAnswer(() => told++);
  expect(told).toBe(0);
  await until(() => told === 1);
});

test("Doorbell sends a thread that waits to its end", async () => {
  const bell = new Doorbell();
  const seen = startThread(bell);
  await answer(bell);
  bell.end();
  await until(() => Atomics.load(seen, 0) === 1);
  expect(seen[1]).toBe(0);
});

test("Doorbell lets go of whoever waits for an answer that never comes", async () => {
  const bell = new Doorbell();
  let told = 0;
  bell.awaitAnswer(() => told++);
  await later();
  expect(told).toBe(0);
  bell.end();
  await until(() => told === 1);
});
