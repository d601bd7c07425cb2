import { CONTENT, HEAD_FLAG, Verdict } from "@shunt/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { contentFraming } from "../forward/content.ts";
import { exchangeOf, type OpenClient, TestListener, TestLoop } from "../test-exchange.ts";
import { until } from "../test-peers.ts";
import { snapshotOf } from "../test-snapshot.ts";
import type { Exchange } from "../track/exchange.ts";
import { Dispatcher, type Rest, type Unread } from "./dispatch.ts";
import { Inquiry } from "./inquiry.ts";

const LONGEST = 10;
const rules = [{ name: "high", when: { body: { "/a": "1" } }, class: "gold" }];
const snapshot = snapshotOf({ rules, limits: { classifyBodyBytes: LONGEST, chunkExtensionBytes: 4_096 } });

let loop: TestLoop;
let listener: TestListener;
let open: OpenClient;
let told: string[];
let dispatcher: Dispatcher | undefined;
beforeEach(async () => {
  loop = new TestLoop();
  listener = await TestListener.listen(loop);
  open = await listener.open();
  told = [];
  dispatcher = undefined;
});
afterEach(() => {
  open.client.destroy();
  listener.close();
  return dispatcher?.close();
});

async function inquiryOf(framing: string): Promise<Inquiry> {
  const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`;
  const exchange = await exchangeOf(open.client, head, snapshot);
  expect(exchange.has(HEAD_FLAG.CONTENT_DECIDES)).toBe(true);
  exchange.state = "inquiring";
  return new Inquiry(exchange, contentFraming, loop.backlog, {
    decided: () => told.push("decided"),
    asks: (inquiry) => {
      told.push("asks");
      dispatcher?.enqueue(inquiry);
    },
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
  judged.judgedAll(9, "more");
  const stuck = await inquiryOf("Content-Length: 7");
  stuck.judgedAll(0, "stuck");
  const left = await inquiryOf("Content-Length: 7");
  left.exchange.state = "settled";
  left.judged(new Verdict(), snapshot);
  left.judgedAll(0, "stuck");
  left.judgedAll(0, "more");
  expect(told).toEqual(["decided", "undecided"]);
});

test("Inquiry has nothing to be judged once nobody waits for the verdict", async () => {
  const inquiry = await inquiryOf("Content-Length: 7");
  looksAt(inquiry, '{"a":1}');
  inquiry.ask();
  expect(inquiry.unread.length).toBe(inquiry.exchange.received.length + 7);
  inquiry.exchange.state = "settled";
  expect([inquiry.unread.length, inquiry.isAsked]).toEqual([0, true]);
});

test.each<[told: string, Rest, state: Exchange["state"]]>([
  ["of a verdict", "more", "inquiring"],
  ["that there is none", "stuck", "inquiring"],
  ["of nothing that matters any more", "more", "settled"],
])(
  "Inquiry counts its octets in the backlog from when it asks until it is told %s",
  async (what, rest, state) => {
    const inquiry = await inquiryOf("Content-Length: 7");
    looksAt(inquiry, '{"a":1}');
    expect(loop.backlog.octets).toBe(0);
    inquiry.ask();
    inquiry.judgedAll(0, "more");
    expect(loop.backlog.octets).toBe(inquiry.exchange.received.length + 7);
    inquiry.exchange.state = state;
    if (what === "of a verdict") inquiry.judged(new Verdict(), snapshot);
    inquiry.judgedAll(0, rest);
    expect(loop.backlog.octets).toBe(0);
  },
);

/** So many small requests that their verdicts fill a batch, and who comes behind them has no room in it. */
function pipeline(): Unread {
  return {
    peer: open.client.peer,
    unread: Buffer.from("GET / HTTP/1.1\r\nHost:a\r\n\r\n".repeat(64)),
    room: 64,
    content: CONTENT.AHEAD,
    judged: () => {},
    judgedAll: () => {},
  };
}

test("Inquiry that the pipelines of others have left no room for in a batch is judged with the next", async () => {
  dispatcher = await Dispatcher.start(snapshot);
  for (let i = 0; i < 120; i++) dispatcher.enqueue(pipeline());
  const inquiry = await inquiryOf("Content-Length: 7");
  looksAt(inquiry, '{"a":1}');
  inquiry.ask();
  dispatcher.flush();
  await until(() => told.includes("decided") || told.includes("undecided"));
  expect(told).toEqual(["asks", "asks", "decided"]);
});
