import { expect, test } from "vitest";
import { later } from "../test-peers.ts";
import { type Flushable, Turn } from "./turn.ts";

const clock = (): number => 0;

const noting = (notes: string[], name: string, flush: () => void = () => {}): Flushable => ({
  flush: () => {
    notes.push(name);
    flush();
  },
});

test("Turn classifies once and then flushes, however often it was touched", async () => {
  const notes: string[] = [];
  const turn = new Turn(() => notes.push("classify"), clock);
  turn.touch();
  turn.add(noting(notes, "a"));
  turn.add(noting(notes, "b"));
  expect(notes).toEqual([]);
  await later();
  expect(notes).toEqual(["classify", "a", "b"]);
});

test("Turn flushes in the same turn what classification wants to be written, and schedules no empty turn for it", async () => {
  const notes: string[] = [];
  const turn: Turn = new Turn(() => {
    if (notes.push("classify") === 1) turn.add(noting(notes, "a"));
  }, clock);
  turn.touch();
  await later();
  expect(notes).toEqual(["classify", "a"]);
  await later();
  await later();
  expect(notes).toEqual(["classify", "a"]);
});

test("Turn flushes what a flush adds, and forgets it afterwards", async () => {
  const notes: string[] = [];
  const turn = new Turn(() => {}, clock);
  turn.add(noting(notes, "a", () => turn.add(noting(notes, "b"))));
  await later();
  expect(notes).toEqual(["a", "b"]);
  turn.touch();
  await later();
  expect(notes).toEqual(["a", "b"]);
});

test("Turn has another end when it is touched while it ends", async () => {
  let ends = 0;
  const turn: Turn = new Turn(() => {
    if (++ends < 3) turn.touch();
  }, clock);
  turn.touch();
  for (let i = 0; i < 5; i++) await later();
  expect(ends).toBe(3);
});

test("Turn began when it was first touched, and is counted when it ends", async () => {
  let now = 100;
  const turn = new Turn(
    () => {},
    () => now,
  );
  turn.touch();
  now += 5;
  turn.touch();
  expect([turn.number, turn.startedAt]).toEqual([0, 100]);
  await later();
  turn.touch();
  expect([turn.number, turn.startedAt]).toEqual([1, 105]);
});
