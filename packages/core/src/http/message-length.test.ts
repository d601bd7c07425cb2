import { describe, expect, test } from "vitest";
import { MessageLength } from "./message-length.ts";
import { Offence } from "./offence.ts";
import { REFUSALS } from "./refusal.ts";
import { judge, lenient, lines, post } from "./test-heads.ts";

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

  test("tells the length, and forgets it", () => {
    judge(false, ["12"], []);
    expect([length.octets, length.lengths, length.chunked]).toEqual([12, 1, false]);
    judge(false, [], ["chunked"]);
    expect([length.octets, length.lengths, length.chunked]).toEqual([0, 0, true]);
  });
});

describe("a length that is repeated", () => {
  const head = lenient({ repeatedContentLength: true });

  test.each([
    [["Content-Length: 5", "Content-Length: 5"]],
    [["Content-Length: 5, 5"]],
    [["CONTENT-LENGTH: 5", "A: b", "content-length:5 , 5,\t5\t"]],
  ])("is told once where that is let through, and dropped: %j", (fields) => {
    const judged = judge(`${post(...fields)}hello`, { head });
    expect(judged).toMatchObject({ outcome: "complete", head: { contentLength: 5 } });
    expect(judged.flags).toEqual(expect.arrayContaining(["CONTENT", "LENGTH_REPEATED"]));
    expect(judged.sent).toBe(post(...fields.filter((line) => line === "A: b")));
    expect(judge(post(...fields)).outcome).toBe("refused");
  });

  test.each([
    [["Content-Length: 5", "Content-Length: 6"], "content-length-repeated"],
    [["Content-Length: 5, 6"], "content-length-repeated"],
    [["Content-Length: 5, x"], "content-length"],
    [["Content-Length: 5", "Content-Length:"], "content-length"],
    [["Content-Length: +5", "Content-Length: 5"], "content-length"],
    [["Content-Length: 5", "Content-Length : 5"], "field-line"],
    [["Content-Length: 5", "Content-Length: 5", "Transfer-Encoding: chunked"], "two-lengths"],
    [["Content-Length: 5 5"], "content-length"],
  ])("is refused all the same when it is not one number: %j", (fields, rule) => {
    expect(judge(post(...fields), { head }).rule).toBe(rule);
  });

  test("is one line for whoever sends one", () => {
    const judged = judge(post("Content-Length: 5"), { head });
    expect(judged.flags).not.toContain("LENGTH_REPEATED");
    expect(judged.sent).toBe(post("Content-Length: 5"));
  });

  test("says the same of every beginning of a head", () => {
    const text = post("Content-Length: 5", "Content-Length: 5, 5", "A: b");
    for (let length = 1; length < text.length; length++)
      expect([length, judge(text.slice(0, length), { head }).outcome]).toEqual([length, "incomplete"]);
  });
});

describe("a tab behind a length", () => {
  test("is whitespace like any other (RFC 9110 section 5.5)", () => {
    const judged = judge(post("Content-Length: 5\t", "A: b"));
    expect(judged).toMatchObject({ outcome: "complete", head: { contentLength: 5 } });
    expect(judged.sent).toBe(post("Content-Length: 5\t", "A: b"));
    expect(judge(lines("BREW / HTTP/1.1", "Host: a", "Content-Length:\t5 \t ")).head.contentLength).toBe(5);
  });

  test("hides nothing behind it", () => {
    expect(judge(post("Content-Length: 5\t5")).rule).toBe("content-length");
    expect(judge(post("Content-Length: 5\t", "Content-Length: 5")).rule).toBe("content-length-repeated");
    expect(judge(post("Content-Length: 5\t", "Transfer-Encoding: chunked")).rule).toBe("two-lengths");
  });
});
