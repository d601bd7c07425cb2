import { FIXED } from "@shunt/core";
import { expect, test } from "vitest";
import { ReadBuffers, Reader } from "./read-buffers.ts";

test("Reader has every connection read into the shared buffer until a long body is expected", () => {
  const buffers = new ReadBuffers();
  const [a, b] = [new Reader(buffers), new Reader(buffers)];
  expect(a.next("short")).toBe(buffers.shared);
  expect(b.next("short")).toBe(buffers.shared);
  expect(a.own).toBeUndefined();
  const own = a.next("long");
  expect(own).not.toBe(buffers.shared);
  expect(a.own).toBe(own);
  expect(a.next("long")).toBe(own);
});

test("Reader gives its buffer back behind the body, for the next one", () => {
  const buffers = new ReadBuffers();
  const [a, b] = [new Reader(buffers), new Reader(buffers)];
  const own = a.next("long");
  a.next("short");
  expect(b.next("long")).toBe(own);
  expect(a.next("long")).not.toBe(own);
});

test("Reader never reads into a buffer that is lent, and nobody else does before it was taken back", () => {
  const buffers = new ReadBuffers();
  const [a, b] = [new Reader(buffers), new Reader(buffers)];
  const lent = a.next("long");
  buffers.lend(lent);
  expect(a.next("long")).not.toBe(lent);
  expect(b.next("long")).not.toBe(lent);
  buffers.takeBack(lent);
  expect(new Reader(buffers).next("long")).toBe(lent);
});

test("ReadBuffers gets a buffer back once when its reader closes while it is lent", () => {
  const buffers = new ReadBuffers();
  const reader = new Reader(buffers);
  const lent = reader.next("long");
  buffers.lend(lent);
  reader.close();
  reader.close();
  buffers.takeBack(lent);
  const taken = Array.from({ length: 3 }, () => buffers.take());
  expect(taken.filter((buffer) => buffer === lent)).toHaveLength(1);
  expect(taken).not.toContain(buffers.shared);
});

test("Reader reads heads into the beginning of the shared buffer, and copies what it reads there", () => {
  const buffers = new ReadBuffers();
  const reader = new Reader(buffers);
  const heads = reader.next("heads");
  expect(heads).toHaveLength(FIXED.headReadBytes);
  expect(reader.own).toBeUndefined();
  heads.set(Buffer.from("GET"));
  expect(reader.view(heads, 3).toString()).toBe("GET");
  expect(reader.next("short").subarray(0, 3)).toEqual(heads.subarray(0, 3));
});

test("Reader has a long buffer behind a read that fills a short one, and a short one when less comes", () => {
  const reader = new Reader(new ReadBuffers());
  const short = reader.next("long");
  expect(short).toHaveLength(FIXED.readBytes);
  reader.view(short, FIXED.readBytes - 1);
  expect(reader.next("long")).toBe(short);
  reader.view(short, FIXED.readBytes);
  const long = reader.next("long");
  expect(long).toHaveLength(FIXED.longReadBytes);
  reader.view(long, FIXED.readBytes);
  expect(reader.next("long")).toBe(long);
  reader.view(long, FIXED.readBytes - 1);
  expect(reader.next("long")).toBe(short);
});

test("ReadBuffers makes no more long buffers than longReadBuffers, and hands out again what came back", () => {
  const buffers = new ReadBuffers();
  const long = Array.from({ length: FIXED.longReadBuffers }, () => buffers.takeLong());
  expect(new Set(long).size).toBe(FIXED.longReadBuffers);
  expect(long.every(({ length }) => length === FIXED.longReadBytes)).toBe(true);
  expect(buffers.takeLong()).toHaveLength(FIXED.readBytes);
  const [first] = long as [Uint8Array];
  buffers.giveBack(first);
  expect(buffers.takeLong()).toBe(first);
});
