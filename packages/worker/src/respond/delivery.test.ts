import { afterEach, beforeEach, expect, test } from "vitest";
import { exchangeOf, type OpenClient, TestListener, TestLoop } from "../test-exchange.ts";
import { snapshotOf } from "../test-snapshot.ts";
import type { Exchange } from "../track/exchange.ts";
import { deliver, deliverBody, deliverHeld, isFull, withdraw } from "./delivery.ts";

const loop = new TestLoop();
let listener: TestListener;
let open: OpenClient;
let first: Exchange;
let second: Exchange;
beforeEach(async () => {
  listener = await TestListener.listen(loop);
  open = await listener.open();
  first = await exchangeOf(open.client, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
  second = await exchangeOf(open.client, "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
});
afterEach(() => {
  open.client.destroy();
  listener.close();
});

const text = (octets: string): Buffer => Buffer.from(octets);
const { responseBufferBytes } = snapshotOf().config.limits;

test("deliver() holds a response until those before it have left, and keeps the order", async () => {
  const { client, received } = open;
  deliver(second, text("second "));
  deliver(first, text("first "));
  deliver(second, text("again"));
  expect([second.heldBytes, client.queue.heldBytes]).toEqual([12, 12]);
  client.shift();
  deliverHeld(second);
  deliver(second, text("."));
  expect([second.heldBytes, client.queue.heldBytes, second.bytesOut]).toEqual([0, 0, 13]);
  await received.untilText("first second again.");
});

test("deliverBody() copies octets that have to wait for their turn: their buffer is read into again", async () => {
  const buffer = loop.readBuffers.take();
  const octets = buffer.subarray(0, 20_000).fill(0x61);
  expect(deliverBody(second, octets, buffer)).toBe(false);
  octets.fill(0x62);
  open.client.shift();
  deliverHeld(second);
  const received = await open.received.until(({ count }) => count === 20_000);
  expect(received.text).toBe("a".repeat(20_000));
});

test("deliverBody() lends octets that are due until the kernel has taken them", async () => {
  const much = Buffer.alloc(16 * 1_048_576);
  expect(deliverBody(first, much, much)).toBe(true);
  expect([first.bytesOut, loop.readBuffers.isLent(much)]).toEqual([much.length, true]);
  await open.received.until(({ count }) => count === much.length);
  expect(loop.readBuffers.isLent(much)).toBe(false);
});

test.each(["due", "held"])(
  "deliverBody() puts a chunk around octets of a body without length, %s",
  async (when) => {
    const exchange = when === "due" ? first : second;
    exchange.enchunked = true;
    const octets = text("0123456789abcdef");
    expect(deliverBody(exchange, octets, octets)).toBe(false);
    expect(deliverBody(exchange, octets.subarray(0, 0), octets)).toBe(false);
    octets.fill("!");
    if (when === "held") {
      open.client.shift();
      deliverHeld(second);
    }
    await open.received.untilText("10\r\n0123456789abcdef\r\n");
  },
);

test("withdraw() takes back what waits for its turn, and nothing of what may have left", async () => {
  const { client, received } = open;
  second.headSent = true;
  deliver(second, text("lost"));
  second.status = 200;
  withdraw(second);
  expect([second.headSent, second.status]).toEqual([false, 0]);
  expect([second.bytesOut, second.heldBytes, client.queue.heldBytes]).toEqual([0, 0, 0]);
  deliver(first, text("first "));
  withdraw(first);
  expect(first.bytesOut).toBe(6);
  deliver(second, text("instead"));
  client.shift();
  deliverHeld(second);
  withdraw(second);
  expect(second.bytesOut).toBe(7);
  await received.untilText("first instead");
});

test("isFull() bounds what is held for a client altogether, and what it has not taken", async () => {
  const half = Buffer.alloc(responseBufferBytes / 2);
  const third = await exchangeOf(open.client, "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
  deliver(second, half);
  expect(isFull(second)).toBe(false);
  deliver(third, half);
  expect([isFull(second), isFull(third), isFull(first)]).toEqual([true, true, false]);
  deliver(first, half);
  deliver(first, half);
  expect(isFull(first)).toBe(true);
});
