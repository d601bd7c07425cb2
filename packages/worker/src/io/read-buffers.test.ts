import { expect, test } from "vitest";
import { ReadBuffers, Reader } from "./read-buffers.ts";

test("Reader has every connection read into the shared buffer until a long body is expected", () => {
  const buffers = new ReadBuffers();
  const [a, b] = [new Reader(buffers), new Reader(buffers)];
  expect(a.next(false)).toBe(buffers.shared);
  expect(b.next(false)).toBe(buffers.shared);
  expect(a.own).toBeUndefined();
  const own = a.next(true);
  expect(own).not.toBe(buffers.shared);
  expect(a.own).toBe(own);
  expect(a.next(true)).toBe(own);
});

test("Reader gives its buffer back behind the body, for the next one", () => {
  const buffers = new ReadBuffers();
  const [a, b] = [new Reader(buffers), new Reader(buffers)];
  const own = a.next(true);
  a.next(false);
  expect(b.next(true)).toBe(own);
  expect(a.next(true)).not.toBe(own);
});

test("Reader never reads into a buffer that is lent, and nobody else does before it was taken back", () => {
  const buffers = new ReadBuffers();
  const [a, b] = [new Reader(buffers), new Reader(buffers)];
  const lent = a.next(true);
  buffers.lend(lent);
  expect(a.next(true)).not.toBe(lent);
  expect(b.next(true)).not.toBe(lent);
  buffers.takeBack(lent);
  expect(new Reader(buffers).next(true)).toBe(lent);
});

test("ReadBuffers gets a buffer back once when its reader closes while it is lent", () => {
  const buffers = new ReadBuffers();
  const reader = new Reader(buffers);
  const lent = reader.next(true);
  buffers.lend(lent);
  reader.close();
  reader.close();
  buffers.takeBack(lent);
  const taken = Array.from({ length: 3 }, () => buffers.take());
  expect(taken.filter((buffer) => buffer === lent)).toHaveLength(1);
  expect(taken).not.toContain(buffers.shared);
});
