import { CONTENT, HEAD_FLAG, Verdict } from "@shunt/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { contentFraming } from "../forward/content.ts";
import { exchangeOf, type OpenClient, TestListener, TestLoop } from "../test-exchange.ts";
import { snapshotOf } from "../test-snapshot.ts";
import { Inquiry } from "./inquiry.ts";

const LONGEST = 10;
const rules = [{ name: "high", when: { body: { "/a": "1" } }, class: "gold" }];
const snapshot = snapshotOf({ rules, limits: { classifyBodyBytes: LONGEST, chunkExtensionBytes: 4_096 } });

let listener: TestListener;
let open: OpenClient;
let told: string[];
beforeEach(async () => {
  listener = await TestListener.listen(new TestLoop());
  open = await listener.open();
  told = [];
});
afterEach(() => {
  open.client.destroy();
  listener.close();
});

async function inquiryOf(framing: string): Promise<Inquiry> {
  const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`;
  const exchange = await exchangeOf(open.client, head, snapshot);
  expect(exchange.has(HEAD_FLAG.CONTENT_DECIDES)).toBe(true);
  exchange.state = "inquiring";
  return new Inquiry(exchange, contentFraming, {
    decided: () => told.push("decided"),
    undecided: () => told.push("undecided"),
  });
}

/** The client sends more. */
function looksAt(inquiry: Inquiry, octets: string): string {
  open.client.unread = Buffer.concat([open.client.unread, Buffer.from(octets)]);
  return inquiry.look();
}

/** What is to be judged, without its head. */
function asked(inquiry: Inquiry): [content: number, octets: string] {
  inquiry.ask();
  expect(inquiry.isAsked).toBe(true);
  const { unread, exchange, content } = inquiry;
  expect(unread.subarray(0, exchange.received.length)).toEqual(exchange.received);
  return [content, unread.toString("latin1", exchange.received.length)];
}

test("Inquiry waits for content of a length to its end, and leaves it and what follows where it is", async () => {
  const inquiry = await inquiryOf("Content-Length: 7");
  expect([looksAt(inquiry, ""), looksAt(inquiry, '{"a":'), looksAt(inquiry, "1}GET")]).toEqual([
    "more",
    "more",
    "enough",
  ]);
  expect(asked(inquiry)).toEqual([7, '{"a":1}']);
  expect(open.client.unread.toString()).toBe('{"a":1}GET');
});

test("Inquiry takes chunks for what is in them, however they are split", async () => {
  const octets = '3;x=y\r\n{"a\r\n004\r\n":1}\r\n0\r\nX: y\r\n\r\n';
  const inquiry = await inquiryOf("Transfer-Encoding: chunked");
  const looks = Array.from(octets, (octet) => looksAt(inquiry, octet));
  expect(looks).toEqual([...Array(octets.length - 1).fill("more"), "enough"]);
  expect(asked(inquiry)).toEqual([7, '{"a":1}']);
  expect(inquiry.judgedContent?.toString()).toBe('{"a":1}');
  expect(open.client.unread.toString()).toBe(octets);
});

test("Inquiry knows nothing of content above the bound, and does not wait for more of it", async () => {
  const chunked = await inquiryOf("Transfer-Encoding: chunked");
  expect(looksAt(chunked, "ff\r\n1234567890")).toBe("more");
  expect(looksAt(chunked, "1")).toBe("enough");
  expect(asked(chunked)).toEqual([CONTENT.TOO_MUCH, ""]);
  expect(chunked.judgedContent).toBeUndefined();
});

test("Inquiry does not wait for ever for chunks that hold next to nothing", async () => {
  const inquiry = await inquiryOf("Transfer-Encoding: chunked");
  expect(looksAt(inquiry, `2;${"x".repeat(1_000)}`)).toBe("more");
  expect(looksAt(inquiry, "x".repeat(22))).toBe("more");
  expect(looksAt(inquiry, `${"x".repeat(20)}\r\n{}\r\n0\r\n\r\n`)).toBe("enough");
  expect(asked(inquiry)).toEqual([CONTENT.TOO_MUCH, ""]);
});

test("Inquiry names what is wrong with content that is none", async () => {
  expect(looksAt(await inquiryOf("Transfer-Encoding: chunked"), "zz")).toBe("chunk");
});

test("Inquiry tells one verdict, or that there is none, and neither when its exchange is over", async () => {
  const judged = await inquiryOf("Content-Length: 7");
  judged.judged(new Verdict(), snapshot);
  judged.judgedAll();
  const stuck = await inquiryOf("Content-Length: 7");
  stuck.judgedAll();
  const left = await inquiryOf("Content-Length: 7");
  left.exchange.state = "settled";
  left.judged(new Verdict(), snapshot);
  left.judgedAll();
  expect(told).toEqual(["decided", "undecided"]);
});
