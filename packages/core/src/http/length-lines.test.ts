import { describe, expect, test } from "vitest";
import { judge, lenient, lines, post } from "./test-heads.ts";

describe("a length that is repeated", () => {
  const head = lenient({ repeatedContentLength: true });

  test.each([
    [["Content-Length: 5", "Content-Length: 5"]],
    [["Content-Length: 5, 5"]],
    [["CONTENT-LENGTH: 5", "A: b", "content-length:5 , 5,\t5\t"]],
  ])("is told once where that is let through, and dropped: %j", (fields) => {
    const judged = judge(`${post(...fields)}hello`, { head });
    expect(judged).toMatchObject({ outcome: "complete", head: { contentLength: 5 } });
    expect(judged.flags).toEqual(expect.arrayContaining(["CONTENT", "LENGTH_REWRITTEN"]));
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
    expect(judged.flags).not.toContain("LENGTH_REWRITTEN");
    expect(judged.sent).toBe(post("Content-Length: 5"));
  });

  test("says the same of every beginning of a head", () => {
    const text = post("Content-Length: 5", "Content-Length: 5, 5", "A: b");
    for (let length = 1; length < text.length; length++)
      expect([length, judge(text.slice(0, length), { head }).outcome]).toEqual([length, "incomplete"]);
  });
});

describe("a tab behind a length", () => {
  test("is whitespace like any other (RFC 9110 section 5.5), which is not sent: not everybody knows that", () => {
    const judged = judge(post("Content-Length: 5\t", "A: b"));
    expect(judged).toMatchObject({ outcome: "complete", head: { contentLength: 5 } });
    expect(judged.sent).toBe(post("A: b"));
    expect(judged.flags).toContain("LENGTH_REWRITTEN");
    expect(judge(lines("BREW / HTTP/1.1", "Host: a", "Content-Length:\t5 \t ")).head.contentLength).toBe(5);
  });

  test("hides nothing behind it", () => {
    expect(judge(post("Content-Length: 5\t5")).rule).toBe("content-length");
    expect(judge(post("Content-Length: 5\t", "Content-Length: 5")).rule).toBe("content-length-repeated");
    expect(judge(post("Content-Length: 5\t", "Transfer-Encoding: chunked")).rule).toBe("two-lengths");
  });
});
