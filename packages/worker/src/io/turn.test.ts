import { expect, test } from "vitest";
import { later } from "../test-peers.ts";
import { type Flushable, Turn } from "./turn.ts";

const noting = (notes: string[], name: string, flush: () => void = () => {}): Flushable => ({
  flush: () => {
    notes.push(name);
    flush();
  },
});

test("Turn classifies once and then flushes, however often it was touched", async () => {
  const notes: string[] = [];
  const turn = new Turn(() => notes.push("classify"));
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
  });
  turn.touch();
  await later();
  expect(notes).toEqual(["classify", "a"]);
  await later();
  await later();
  expect(notes).toEqual(["classify", "a"]);
});

test("Turn flushes what a flush adds, and forgets it afterwards", async () => {
  const notes: string[] = [];
  const turn = new Turn(() => {});
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
  });
  turn.touch();
  for (let i = 0; i < 5; i++) await later();
  expect(ends).toBe(3);
});
