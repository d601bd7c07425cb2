import { expect, test } from "vitest";
import { mayCompleteHead } from "./head-completion.ts";

const BOUND = 1_000;
const HEAD = "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";

/** Offsets at which a head that grows one octet at a time is worth judging. */
function worthJudging(head: string): number[] {
  const octets = Buffer.from(head);
  const lengths = Array.from({ length: octets.length - 1 }, (_, i) => i + 2);
  return lengths.filter((length) => mayCompleteHead(octets.subarray(0, length), length - 1, BOUND));
}

test("mayCompleteHead() has a head that comes octet by octet judged behind its first line and at its end", () => {
  expect(worthJudging(HEAD)).toEqual([HEAD.indexOf("\n") + 1, HEAD.length]);
});

test.each([
  ["GET / HTTP/1.1\nHost: a\r\n", 15],
  ["GET / HTTP/1.1\r\nHost: a\nX: y\r\n", 24],
  ["GET / HTTP/1.1\r\nHost: a\r\n\n", 26],
])("mayCompleteHead() has a line end without CR judged: %j", (head, at) => {
  expect(worthJudging(head)).toContain(at);
});

test("mayCompleteHead() finds the end of a head wherever it was split", () => {
  const octets = Buffer.from(HEAD);
  for (let split = 1; split < octets.length; split++)
    expect(mayCompleteHead(octets, split, BOUND)).toBe(true);
});

test("mayCompleteHead() has a head judged once it exceeds its bound", () => {
  const octets = Buffer.from(`GET / HTTP/1.1\r\nX: ${"y".repeat(BOUND)}`);
  expect(mayCompleteHead(octets.subarray(0, BOUND), BOUND - 1, BOUND)).toBe(false);
  expect(mayCompleteHead(octets.subarray(0, BOUND + 1), BOUND, BOUND)).toBe(true);
});
