import { FIXED } from "@shunt/core";
import { beforeEach, expect, test } from "vitest";
import type { Exchange } from "../track/exchange.ts";
import { SendingPace } from "./sending-pace.ts";

const RATE = 100;
const { paceMs } = FIXED;
const enough = (paceMs / 1_000) * RATE;
const HEAD_BYTES = 200;

/** Of an exchange what the pace looks at. */
const posting = (): Exchange =>
  ({ received: Buffer.alloc(HEAD_BYTES), bytesIn: HEAD_BYTES }) as unknown as Exchange;

let pace: SendingPace;
let exchange: Exchange;
beforeEach(() => {
  pace = new SendingPace();
  exchange = posting();
});

/** Octets come at a time; whether they come too slowly. `hasTurn`: the client may send on. */
function slow(octets: number, now: number, hasTurn = true): boolean {
  exchange.bytesIn += octets;
  pace.note(exchange, hasTurn, now);
  return pace.isSlow(RATE);
}

test("SendingPace finds out who sends less than the rate in a window", () => {
  slow(1, 1_000);
  expect(slow(0, 1_000 + paceMs - 1)).toBe(false);
  expect(slow(enough - 2, 1_000 + paceMs)).toBe(true);
});

test("SendingPace lets who keeps the rate go on, and asks for it again in the next window", () => {
  slow(1, 1_000);
  expect(slow(enough - 1, 1_000 + paceMs)).toBe(false);
  expect(slow(enough - 1, 1_000 + 2 * paceMs)).toBe(true);
});

test("SendingPace counts no time in which the client had to wait", () => {
  slow(1, 1_000);
  slow(1, 2_000, false);
  expect(slow(1, 2_000 + 10 * paceMs, true)).toBe(false);
  expect(slow(1, 2_000 + 11 * paceMs - 1_001)).toBe(false);
  expect(slow(1, 2_000 + 11 * paceMs - 1_000)).toBe(true);
});

test("SendingPace begins with the first octet of content: who waits for 100 is not slow", () => {
  slow(0, 1_000);
  expect(slow(0, 1_000 + paceMs)).toBe(false);
  expect(slow(10, 1_000 + 3 * paceMs)).toBe(false);
  expect(slow(10, 1_000 + 4 * paceMs)).toBe(true);
});

test("SendingPace does not take who has sent content at the rate for who has not begun", () => {
  slow(100, 1_000);
  expect(slow(enough, 1_000 + paceMs)).toBe(false);
  expect(slow(0, 26_000 + paceMs)).toBe(false);
  expect(slow(1, 51_000 + paceMs)).toBe(true);
});

test("SendingPace begins anew with each request", () => {
  slow(1, 1_000);
  exchange = posting();
  slow(1, 1_000 + paceMs);
  expect(slow(1, 1_000 + 2 * paceMs - 1)).toBe(false);
  expect(slow(1, 1_000 + 2 * paceMs)).toBe(true);
});
