import { describe, expect, test } from "vitest";
import { ChunkedBody } from "./chunked-body.ts";
import { REFUSALS, REFUSE } from "./refusal.ts";
import { get, judge, lines, post, TEST_LIMITS } from "./test-heads.ts";

describe("REFUSALS", () => {
  test("stand where REFUSE says, each under its name", () => {
    const byNumber = Object.entries(REFUSE).map(([name, number]) => [number, name.toLowerCase()] as const);
    expect(byNumber.map(([number]) => number)).toEqual(REFUSALS.map((_, number) => number));
    for (const [number, name] of byNumber) expect(REFUSALS[number]?.rule.replaceAll(/[-.]/g, "_")).toBe(name);
  });

  test("say a status of an error, where the rule comes from, and what was expected", () => {
    for (const { status, source, expected } of REFUSALS.slice(1)) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(source).toMatch(/^(RFC \d{4} \d|limits\.|timeouts\.|classes\.)/);
      expect(expected).not.toBe("");
    }
  });
});

const HOST = "Host: a.example";
const LONG = "x".repeat(TEST_LIMITS.targetBytes);

const options = (...fields: readonly string[]): string => lines("OPTIONS * HTTP/1.1", HOST, ...fields);
const trace = (...fields: readonly string[]): string => lines("TRACE / HTTP/1.1", HOST, ...fields);

/** For each rule of a head: one that breaks it, and one that just does not. */
const HEADS: readonly (readonly [rule: string, breaks: string, passes: string])[] = [
  ["request-line", lines("GET  / HTTP/1.1", HOST), lines("GET / HTTP/1.1", HOST)],
  ["method", lines(`${LONG}M / HTTP/1.1`, HOST), lines(`${LONG} / HTTP/1.1`, HOST)],
  ["version", lines("GET / HTTP/2.0", HOST), lines("GET / HTTP/1.0", HOST)],
  ["target", lines("GET /a#b HTTP/1.1", HOST), lines("GET /a%23b HTTP/1.1", HOST)],
  ["target-ambiguous", lines("GET /a\\b HTTP/1.1", HOST), lines("GET /a%5Cb HTTP/1.1", HOST)],
  ["target-bytes", lines(`GET /${LONG} HTTP/1.1`, HOST), lines(`GET /${LONG.slice(1)} HTTP/1.1`, HOST)],
  [
    "head-bytes",
    get(`A: ${"x".repeat(TEST_LIMITS.headBytes + 1 - get("A: ").length)}`),
    get(`A: ${"x".repeat(TEST_LIMITS.headBytes - get("A: ").length)}`),
  ],
  [
    "fields",
    get(..."A: b,".repeat(32).slice(0, -1).split(",")),
    get(..."A: b,".repeat(31).slice(0, -1).split(",")),
  ],
  ["field-line", get("A : b"), get("A: b ")],
  ["line-end", get("A: b\nC: d"), get("A: b", "C: d")],
  ["host-missing", lines("GET / HTTP/1.1"), lines("GET / HTTP/1.0")],
  ["host-repeated", get(HOST), get("X-Host: a.example")],
  ["host-value", lines("GET / HTTP/1.1", "Host: a,b"), lines("GET / HTTP/1.1", "Host: a-b")],
  [
    "host-differs",
    lines("GET http://b.example/ HTTP/1.1", HOST),
    lines("GET http://A.EXAMPLE/ HTTP/1.1", HOST),
  ],
  ["content-length", post("Content-Length: 0x5"), post("Content-Length: 005")],
  ["content-length-repeated", post("Content-Length: 5", "Content-Length: 5"), post("Content-Length: 5")],
  [
    "two-lengths",
    post("Content-Length: 5", "Transfer-Encoding: chunked"),
    post("Transfer-Encoding: chunked"),
  ],
  ["transfer-encoding", post("Transfer-Encoding: xchunked"), post("Transfer-Encoding: Chunked")],
  ["transfer-coding", post("Transfer-Encoding: gzip, chunked"), post("Transfer-Encoding: chunked")],
  [
    "transfer-encoding-1.0",
    lines("POST / HTTP/1.0", "Transfer-Encoding: chunked"),
    lines("POST / HTTP/1.0", "Content-Length: 5"),
  ],
  ["connect", lines("CONNECT a.example:80 HTTP/1.1", HOST), lines("OPTIONS * HTTP/1.1", HOST)],
  ["expect", post("Expect: 200-ok"), post("Expect: 100-Continue")],
  ["max-forwards", options("Max-Forwards: -1"), options("Max-Forwards: 01")],
  ["trace-content", trace("Content-Length: 1"), trace("Content-Length: 0")],
  ["loop", get(`Via: ${"1.1 shunt, ".repeat(11)}`), get(`Via: ${"1.0 shunt, ".repeat(10)}1.1 shunting`)],
];

const LIMITS = { chunkExtensionBytes: 4, trailerBytes: 6, fields: 1 };

/** The same for each rule of a chunked body. */
const BODIES: readonly (readonly [rule: string, breaks: string, passes: string])[] = [
  ["chunk", "5\r\nhello!\r\n0\r\n\r\n", "6\r\nhello!\r\n0\r\n\r\n"],
  ["chunk-extension-bytes", "0;abcd\r\n\r\n", "0;abc\r\n\r\n"],
  ["trailer", "0\r\nA :\r\n\r\n", "0\r\nA: \r\n\r\n"],
  ["trailer-bytes", "0\r\nA: xy\r\n\r\n", "0\r\nA: x\r\n\r\n"],
  ["trailer-fields", "0\r\nA:\r\nB\r\n\r\n", "0\r\nA:\r\n\r\n"],
  ["body-bytes", "7\r\n", "6\r\nhello!\r\n0\r\n\r\n"],
];

/** What no octets trigger: time does, or the end of the connection. */
const BY_TIME = ["head-timeout", "body-timeout", "classifier", "body-rate", "content-incomplete"];
/** What depends on the rules; see request-head.test.ts. */
const BY_CONFIGURATION = ["connection-option"];

describe("every rule", () => {
  test("that octets can break is shown here", () => {
    const shown = [...HEADS, ...BODIES].map(([rule]) => rule);
    const rules = REFUSALS.slice(1).map(({ rule }) => rule);
    expect([...shown, ...BY_TIME, ...BY_CONFIGURATION].sort()).toEqual(rules.sort());
  });

  test.each(HEADS)(
    "%s is named when a head breaks it, and not when it just does not",
    (rule, breaks, passes) => {
      expect(judge(breaks)).toMatchObject({ outcome: "refused", rule });
      expect(judge(passes)).toMatchObject({ outcome: "complete", rule: "none" });
    },
  );

  test.each(BODIES)(
    "%s is named when a body breaks it, and not when it just does not",
    (rule, breaks, passes) => {
      expect(faultOf(breaks)).toBe(rule);
      expect(faultOf(passes)).toBe("none");
    },
  );
});

function faultOf(text: string): string {
  const body = new ChunkedBody(LIMITS);
  body.most = 6;
  const octets = Buffer.from(text, "latin1");
  body.take(octets, 0, octets.length);
  return body.fault ?? (body.done ? "none" : "not complete");
}
