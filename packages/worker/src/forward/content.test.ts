import { FIXED, REFUSE } from "@shunt/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ServerConnection } from "../connect/server-connection.ts";
import { exchangeOf, type OpenClient, TestListener, TestLoop } from "../test-exchange.ts";
import { snapshotOf } from "../test-snapshot.ts";
import type { Exchange } from "../track/exchange.ts";
import { expectContent, handOnContent, handOnContentIn, replayContent } from "./content.ts";

let listener: TestListener;
let open: OpenClient;
beforeEach(async () => {
  listener = await TestListener.listen(new TestLoop());
  open = await listener.open();
});
afterEach(() => {
  open.client.destroy();
  listener.close();
});

/** Takes what it is sent, and says whether it wants more. */
class Carrier {
  state: ServerConnection["state"] = "busy";
  sent = "";
  goesOn = true;
  send(octets: Uint8Array): boolean {
    this.sent += Buffer.from(octets).toString("latin1");
    return this.goesOn;
  }
  lend(octets: Uint8Array): boolean {
    return this.send(octets);
  }
}

const snapshot = snapshotOf({ retry: { attempts: 1, bodyBytes: 10 } });

async function posting(framing: string): Promise<Exchange> {
  const exchange = await exchangeOf(
    open.client,
    `POST / HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`,
    snapshot,
  );
  expectContent(exchange);
  expect(open.client.phase).toBe("content");
  return exchange;
}

/** Hands on octets as if the client had sent them, from its unread ones or right from the buffer they were read into. */
const ways = {
  "that are unread": (exchange: Exchange, carrier: Carrier, octets: string) => {
    open.client.unread = Buffer.concat([open.client.unread, Buffer.from(octets)]);
    return handOnContent(exchange, carrier);
  },
  "that were just read": (exchange: Exchange, carrier: Carrier, octets: string) => {
    const buffer = Buffer.from(octets);
    const outcome = handOnContentIn(exchange, carrier, buffer, buffer);
    buffer.fill("!");
    return outcome;
  },
};
const WAYS = Object.entries(ways);

test.each(WAYS)("content %s ends where its length says, and what follows stays", async (_, handOn) => {
  const exchange = await posting("Content-Length: 8");
  const carrier = new Carrier();
  expect(handOn(exchange, carrier, "12345")).toBe("more");
  expect(exchange.contentSent).toBe(false);
  expect(handOn(exchange, carrier, "678GET")).toBe("sent");
  expect([carrier.sent, open.client.unread.toString()]).toEqual(["12345678", "GET"]);
  expect([exchange.contentSent, open.client.phase, open.client.contentBlocked]).toEqual([
    true,
    "heads",
    false,
  ]);
  expect(exchange.bytesIn - exchange.received.length).toBe(8);
});

test.each(WAYS)(
  "chunks %s are handed on as they are, trailers included, extensions left out",
  async (_, handOn) => {
    const exchange = await posting("Transfer-Encoding: chunked");
    const carrier = new Carrier();
    for (const octets of ["3;x", "=y\r\nab", "c\r\n0\r\nX-Sum: 1"])
      expect(handOn(exchange, carrier, octets)).toBe("more");
    expect(handOn(exchange, carrier, "\r\n\r\nGET")).toBe("sent");
    expect(carrier.sent).toBe("3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n");
    expect(exchange.bytesIn - exchange.received.length).toBe(carrier.sent.length + ";x=y".length);
    expect(open.client.unread.toString()).toBe("GET");
  },
);

test.each(WAYS)("octets %s that were looked at before are counted once", async (_, handOn) => {
  const exchange = await posting("Content-Length: 8");
  const carrier = new Carrier();
  const counts = (): number => exchange.bytesIn - exchange.received.length;
  exchange.contentCame(5);
  handOn(exchange, carrier, "123");
  expect(counts()).toBe(5);
  handOn(exchange, carrier, "4567");
  expect(counts()).toBe(7);
});

test.each(WAYS)(
  "chunk extensions %s that come by the octet are found slow behind content at the rate",
  async (_, handOn) => {
    const exchange = await posting("Transfer-Encoding: chunked");
    const carrier = new Carrier();
    const slow = (octets: string, ms: number): boolean => {
      handOn(exchange, carrier, octets);
      listener.loop.pass(ms);
      return open.client.sendsSlowly(exchange);
    };
    const content = "x".repeat(3_100);
    slow(`${content.length.toString(16)}\r\n`, 0);
    expect(slow(`${content}\r\n5;x`, FIXED.paceMs)).toBe(false);
    expect([slow("x", 25_000), slow("x", 25_000)]).toEqual([false, true]);
  },
);

test.each(WAYS)("octets %s that are no chunk are refused, and not handed on", async (_, handOn) => {
  const exchange = await posting("Transfer-Encoding: chunked");
  const carrier = new Carrier();
  expect(handOn(exchange, carrier, "5 y\r\n")).toEqual({ refusal: REFUSE.CHUNK, at: 2 });
  expect(carrier.sent).toBe("");
});

test.each(WAYS)("content %s stops the client while the server reads no more", async (_, handOn) => {
  const exchange = await posting("Content-Length: 8");
  const carrier = new Carrier();
  carrier.goesOn = false;
  expect(handOn(exchange, carrier, "123")).toBe("more");
  expect(open.client.contentBlocked).toBe(true);
  carrier.goesOn = true;
  handOn(exchange, carrier, "4");
  expect(open.client.contentBlocked).toBe(false);
});

test.each([undefined, "connecting"] as const)(
  "handOnContent() keeps content until there is a connection: %s",
  async (state) => {
    const exchange = await posting("Content-Length: 8");
    const carrier = new Carrier();
    if (state !== undefined) carrier.state = state;
    open.client.unread = Buffer.from("12345678");
    expect(handOnContent(exchange, state === undefined ? undefined : carrier)).toBe("more");
    expect([open.client.contentBlocked, carrier.sent, exchange.replayBytes]).toEqual([true, "", 0]);
    carrier.state = "busy";
    expect(handOnContent(exchange, carrier)).toBe("sent");
  },
);

test.each(WAYS)(
  "replayContent() sends all of the content %s again, as long as it is not too much to keep",
  async (_, handOn) => {
    const exchange = await posting("Content-Length: 100");
    const first = new Carrier();
    handOn(exchange, first, "12345");
    handOn(exchange, first, "67890");
    const second = new Carrier();
    replayContent(exchange, second);
    expect(second.sent).toBe("1234567890");
    handOn(exchange, second, "x");
    expect(exchange.replay).toBeUndefined();
  },
);

test("expectContent() keeps nothing where nothing is sent again", async () => {
  const once = snapshotOf({ retry: { attempts: 0 } });
  const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n";
  const exchange = await exchangeOf(open.client, head, once);
  expectContent(exchange);
  expect(exchange.replay).toBeUndefined();
});
