import fc from "fast-check";
import { expect, test } from "vitest";
import { LineBlock, ReadyText } from "./line-block.ts";

const read = (block: LineBlock): unknown => JSON.parse(block.take().toString("utf8"));

test("LineBlock.string() is JSON of any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(read(new LineBlock().string(text))).toBe(text.toWellFormed());
    }),
  );
});

test("LineBlock.latin1() is JSON of any octets, one character for each", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(20), (octets, skipped) => {
      const source = Buffer.from(octets);
      const from = Math.min(skipped, source.length);
      expect(read(new LineBlock().latin1(source, from, source.length))).toBe(source.latin1Slice(from));
    }),
  );
});

test("LineBlock.integer() is any safe integer", () => {
  const edges = [0, -1, 9, 10, 99_999_999, 1e8, 1e16, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
  for (const value of edges) expect(read(new LineBlock().integer(value))).toBe(value);
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      expect(read(new LineBlock().integer(value))).toBe(value);
    }),
  );
});

test("LineBlock.ready() is the text, whatever its length, and what follows stands at its end", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[ !#-[\]-~]{0,40}$/), (text) => {
      expect(read(new LineBlock().plain('["').ready(new ReadyText(text)).plain('",7]'))).toEqual([text, 7]);
    }),
  );
  const block = new LineBlock();
  for (let i = 0; i < 50_000; i++) block.ready(new ReadyText("abc"));
  expect(block.take().toString()).toBe("abc".repeat(50_000));
});

test("LineBlock.milliseconds() keeps microseconds and no more", () => {
  for (const value of [0, -1, -0.5, 0.001, 12.5, 0.999, 86_400_000.123])
    expect(read(new LineBlock().milliseconds(value))).toBe(value);
  for (let micros = 0; micros < 12_000; micros++)
    expect(read(new LineBlock().milliseconds(micros / 1_000))).toBe(micros / 1_000);
  expect(read(new LineBlock().milliseconds(0.9999))).toBe(1);
});

test("LineBlock keeps what was written when it grows, and begins anew when it was taken", () => {
  const block = new LineBlock();
  const long = "x".repeat(200_000);
  block.plain("[1,").string(long).plain(",").string(`${long}"`).plain("]");
  expect(read(block)).toEqual([1, long, `${long}"`]);
  expect(block.length).toBe(0);
  expect(read(block.plain("2"))).toBe(2);
});
