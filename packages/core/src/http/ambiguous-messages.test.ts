import { describe, expect, test } from "vitest";
import { ChunkedBody } from "./chunked-body.ts";
import { get, judge, lines, post } from "./test-heads.ts";

/**
 * Messages that servers and proxies in use understand differently, so that a request can be hidden in another one.
 * Aim: none of them passes, and the rule that is named is the one that it breaks. Method: a head is judged, and where
 * it passes, the chunked body behind it.
 */

const HOST = "Host: a.example";
const chunked = (body: string): string => post("Transfer-Encoding: chunked") + body;

const MESSAGES: readonly (readonly [what: string, message: string, rule: string])[] = [
  [
    "length and chunked",
    `${post("Content-Length: 5", "Transfer-Encoding: chunked")}0\r\n\r\n`,
    "two-lengths",
  ],
  [
    "two lengths that agree",
    `${post("Content-Length: 3", "Content-Length: 3")}abc`,
    "content-length-repeated",
  ],
  [
    "two lengths that differ",
    `${post("Content-Length: 3", "Content-Length: 4")}abc`,
    "content-length-repeated",
  ],
  ["an empty length", post("Content-Length:"), "content-length"],
  [
    "chunked in HTTP/1.0",
    `${lines("POST / HTTP/1.0", HOST, "Transfer-Encoding: chunked")}0\r\n\r\n`,
    "transfer-encoding-1.0",
  ],
  ["an unknown coding", `${post("Transfer-Encoding: xchunked")}0\r\n\r\n`, "transfer-encoding"],
  ["chunked, and not last", `${post("Transfer-Encoding: chunked, gzip")}0\r\n\r\n`, "transfer-encoding"],
  ["a folded line", get("A: b", " c"), "field-line"],
  ["lines that end with LF", get().replaceAll("\r\n", "\n"), "request-line"],
  ["fields that end with LF", get("A: b").replace("b\r\n", "b\n"), "line-end"],
  ["no version, and a body", "GET /x\nContent-Length: 3\r\n\r\nabc", "request-line"],
  ["an empty field name", get(": b"), "field-line"],
  ["no Host", lines("GET / HTTP/1.1", "A: b"), "host-missing"],
  ["two Hosts", get("Host: b.example"), "host-repeated"],
  ["a target of another host", lines("GET http://b.example/ HTTP/1.1", HOST), "host-differs"],
  ["a chunk extension that ends with LF", chunked("5;a\nhello\r\n0\r\n\r\n"), "chunk"],
  ["a chunk extension without a name", chunked("5;\r\nhello\r\n0\r\n\r\n"), "chunk"],
  ["chunk data that ends with LF", chunked("5\r\nhello\n0\r\n\r\n"), "chunk"],
  ["a chunk longer than it says", chunked("5\r\nhello!\r\n0\r\n\r\n"), "chunk"],
  ["a chunk size with a prefix", chunked("0x5\r\nhello\r\n0\r\n\r\n"), "chunk"],
  ["CR in a value", get("A: b\rc"), "line-end"],
  ["NUL in a value", get("A: b\0c"), "field-line"],
  ["a length with a sign", `${post("Content-Length: +5")}hello`, "content-length"],
  ["a space before the colon", `${post("Content-Length : 5")}hello`, "field-line"],
  ["a space in the target", lines("GET /a b HTTP/1.1", HOST), "request-line"],
];

/** Further ones, from advisories and from other people's tests. */
const MORE: readonly (readonly [what: string, message: string, rule: string])[] = [
  [
    "chunked and length",
    `${post("Transfer-Encoding: chunked", "Content-Length: 5")}0\r\n\r\n`,
    "two-lengths",
  ],
  [
    "chunked twice",
    `${post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked")}0\r\n\r\n`,
    "transfer-encoding",
  ],
  [
    "chunked twice in one field",
    `${post("Transfer-Encoding: chunked, chunked")}0\r\n\r\n`,
    "transfer-encoding",
  ],
  ["chunked behind a vertical tab", post("Transfer-Encoding: \vchunked"), "field-line"],
  ["chunked in quotes", post('Transfer-Encoding: "chunked"'), "transfer-encoding"],
  ["identity", post("Transfer-Encoding: identity", "Content-Length: 5"), "two-lengths"],
  ["no coding", post("Transfer-Encoding:"), "transfer-encoding"],
  ["a list of lengths", post("Content-Length: 5, 5"), "content-length"],
  ["a length with a point", post("Content-Length: 5.0"), "content-length"],
  ["a negative length", post("Content-Length: -5"), "content-length"],
  ["a length beyond all bounds", post("Content-Length: 99999999999999999999"), "content-length"],
  ["a length of 16 digits", post("Content-Length: 1000000000000000"), "content-length"],
  ["a length in a folded line", post("Content-Length:", " 5"), "field-line"],
  ["CR LF CR without LF", `${get().slice(0, -2)}\rX`, "line-end"],
  ["LF instead of the empty line", `${get().slice(0, -2)}\n`, "line-end"],
  ["CR before the request line", `\r${get()}`, "request-line"],
  ["LF before the request line", `\n${get()}`, "request-line"],
  ["a space before the request line", ` ${get()}`, "request-line"],
  ["a space behind the version", get().replace("1.1", "1.1 "), "request-line"],
  ["two spaces before the version", get().replace(" HTTP", "  HTTP"), "request-line"],
  ["a tab between method and target", get().replace(" ", "\t"), "request-line"],
  ["a version in lower case", get().replace("HTTP", "http"), "request-line"],
  ["a version of one digit", get().replace("1.1", "1"), "request-line"],
  ["a space before the first field", get().replace("Host", " Host"), "field-line"],
  ["a line without a colon", get("nothing"), "field-line"],
  ["a chunk size with a sign", chunked("+5\r\nhello\r\n0\r\n\r\n"), "chunk"],
  ["a chunk size with an underscore", chunked("5_0\r\nhello\r\n0\r\n\r\n"), "chunk"],
  ["a chunk size behind a space", chunked(" 5\r\nhello\r\n0\r\n\r\n"), "chunk"],
  ["a chunk size before a space", chunked("5 \r\nhello\r\n0\r\n\r\n"), "chunk"],
  ["a chunk size that ends with LF", chunked("5\nhello\r\n0\r\n\r\n"), "chunk"],
  ["a chunk size that ends with CR", chunked("5\rhello\r\n0\r\n\r\n"), "chunk"],
  ["a chunk size beyond 64 bits", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"), "chunk"],
  ["no chunk size", chunked("\r\n\r\n"), "chunk"],
  ["a length in the trailers", chunked("0\r\nContent-Length: 5\r\n\r\n"), "trailer"],
  ["an end that is LF", chunked("0\r\n\n"), "trailer"],
];

describe("a message that two readers may understand differently", () => {
  test.each(MESSAGES)("is refused: %s", (_, message, rule) => {
    expect(ruleBroken(message)).toBe(rule);
  });

  test.each(MORE)("is refused as well: %s", (_, message, rule) => {
    expect(ruleBroken(message)).toBe(rule);
  });
});

const CHUNK_LIMITS = { chunkExtensionBytes: 64, trailerBytes: 64, fields: 8 };

function ruleBroken(message: string): string {
  const { outcome, rule, flags, head } = judge(message);
  if (outcome !== "complete" || !flags.includes("CHUNKED")) return rule;
  const body = new ChunkedBody(CHUNK_LIMITS);
  const octets = Buffer.from(message.slice(head.end), "latin1");
  body.take(octets, 0, octets.length);
  return body.fault ?? "none";
}
