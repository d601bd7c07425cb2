import { describe, expect, test } from "vitest";
import { MessageLength } from "./message-length.ts";
import { Offence } from "./offence.ts";
import { REFUSALS } from "./refusal.ts";

/** Aim: these fields are judged here whether or not the parser before has judged them too. */

const offence = new Offence();
const length = new MessageLength(offence);

/** The rule that fields of these values break. */
function judge(http10: boolean, lengths: readonly string[], codings: readonly string[]): string {
  offence.clear();
  length.clear();
  for (const text of lengths) length.takeContentLength(Buffer.from(text), 0, text.length);
  for (const text of codings) length.takeTransferEncoding(Buffer.from(text), 0, text.length);
  length.agrees(http10, 0);
  return REFUSALS[offence.rule]?.rule ?? "?";
}

describe("MessageLength", () => {
  test.each([
    [false, [], []],
    [true, [], []],
    [false, ["5"], []],
    [true, ["0"], []],
    [false, [], ["chunked"]],
    [false, [], ["CHUNKED"]],
  ])("agrees (HTTP/1.0: %s) with lengths %j and codings %j", (http10, lengths, codings) => {
    expect(judge(http10, lengths, codings)).toBe("none");
  });

  test.each([
    ["two-lengths", false, ["5"], ["chunked"]],
    ["two-lengths", true, ["0"], ["chunked"]],
    ["content-length-repeated", false, ["5", "5"], []],
    ["content-length-repeated", false, ["5", "6", "7"], []],
    ["content-length", false, ["5", "x"], []],
    ["content-length", false, ["5,5"], []],
    ["content-length", false, [""], []],
    ["transfer-encoding", false, [], ["chunked", "chunked"]],
    ["transfer-encoding-1.0", true, [], ["chunked"]],
    ["transfer-encoding", false, [], ["chunked, chunked"]],
    ["transfer-encoding", false, [], ["gzip"]],
    ["transfer-encoding", false, [], ["gzip, xchunked"]],
    ["transfer-encoding", false, [], [", chunked"]],
    ["transfer-coding", false, [], ["gzip, chunked"]],
    ["transfer-coding", false, [], ["GZIP ,\tdeflate,Chunked"]],
  ])("names %s (HTTP/1.0: %s) for lengths %j and codings %j", (rule, http10, lengths, codings) => {
    expect(judge(http10, lengths, codings)).toBe(rule);
  });

  test.each([
    [["5"], [], 5, false],
    [["0"], [], 0, false],
    [["05"], [], 5, true],
    [["00"], [], 0, true],
    [["0000000000000002"], [], 2, true],
    [["7".padStart(32, "0")], [], 7, true],
    [[], ["chunked"], 0, false],
    [[], ["chunkeD"], 0, true],
  ])("reads lengths %j and codings %j as %i, unusual: %s", (lengths, codings, octets, isUnusual) => {
    expect(judge(false, lengths, codings)).toBe("none");
    expect(length).toMatchObject({ octets, isUnusual });
  });

  test.each(["1".padStart(33, "0"), "1000000000000000", "01000000000000000", "18446744073709551621"])(
    "refuses %s: too long, or more than can be counted",
    (digits) => {
      expect(judge(false, [digits], [])).toBe("content-length");
    },
  );

  test("tells the length, and forgets it", () => {
    judge(false, ["12"], []);
    expect([length.octets, length.lengths, length.chunked]).toEqual([12, 1, false]);
    judge(false, [], ["chunked"]);
    expect([length.octets, length.lengths, length.chunked]).toEqual([0, 0, true]);
  });
});
