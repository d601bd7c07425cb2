import { FAILURE } from "@shunt/core";
import { type Logger, pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Backend } from "../connect/backend.ts";
import { exchangeOf, type OpenClient, TestListener, TestLoop } from "../test-exchange.ts";
import { Attempt } from "../track/attempt.ts";
import { Recorder } from "../track/recorder.ts";
import { AccessLog } from "./access-log.ts";
import { Observer } from "./observer.ts";

let listener: TestListener;
let open: OpenClient;
let now: number;
let logged: Record<string, unknown>[];
let log: Logger;
let recorder: Recorder;
let observer: Observer;
beforeEach(async () => {
  listener = await TestListener.listen(new TestLoop());
  open = await listener.open();
  now = 5_000;
  logged = [];
  log = pino(
    { level: "debug" },
    { write: (line) => logged.push(JSON.parse(line) as Record<string, unknown>) },
  );
  recorder = new Recorder("a1", 10);
  observer = new Observer(log, new AccessLog("off", "a1"), recorder, () => now);
});
afterEach(() => {
  open.client.destroy();
  listener.close();
});

const server = { name: "s1", host: "h", port: 1, authority: "h:1", weight: 1, state: "ready" } as const;
const backend = (): Backend => new Backend("general", server, () => now);
const messages = (): unknown[] => logged.map(({ msg }) => msg);

test("Observer counts a settled exchange by class and status, and remembers it", async () => {
  const exchange = await exchangeOf(open.client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  exchange.began(new Attempt(exchange, backend(), 1, true, [], now), true);
  exchange.answers(204, now);
  exchange.bytesOut = 12;
  observer.settled(exchange);
  const { counters } = observer;
  expect([counters.exchangesSettled, counters.bytesOut, counters.spills]).toEqual([1, 12, 1]);
  expect([...counters.requestsByClass, ...counters.responsesByStatus]).toEqual([
    ["general", 1],
    ["204", 1],
  ]);
  expect(recorder.recent(5)).toHaveLength(1);
});

test("Observer shows the octets around an offence, and counts the refused request as nobody's class", async () => {
  const head = `GET / HTTP/1.1\r\nX: ${"x".repeat(100)}\x01"${"y".repeat(100)}\r\n\r\n`;
  const exchange = await exchangeOf(open.client, head);
  const octets = Buffer.from(head, "latin1");
  observer.refused(exchange, octets, head.indexOf("\x01"));
  observer.settled(exchange);
  expect(logged[0]).toMatchObject({
    msg: "request refused",
    rule: "field-line",
    status: 400,
    octets: `${"x".repeat(32)}\\x01"${"y".repeat(30)}`,
  });
  expect([...observer.counters.requestsByClass]).toEqual([["refused", 1]]);
  expect([...observer.counters.refusalsByRule]).toEqual([["field-line", 1]]);
});

test("Observer tells why an attempt failed, and that its server was ejected for it", async () => {
  const exchange = await exchangeOf(open.client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const attempt = new Attempt(exchange, backend(), 1, false, [], now);
  observer.attemptFailed(attempt, FAILURE.CONNECTION_REFUSED, "ECONNREFUSED", false);
  observer.attemptFailed(attempt, FAILURE.CONNECTION_REFUSED, "ECONNREFUSED", true);
  expect(messages()).toEqual(["attempt failed", "server ejected", "attempt failed"]);
  expect(logged[0]).toMatchObject({
    pool: "general",
    server: "s1",
    code: "connection_refused",
    detail: "ECONNREFUSED",
  });
  expect(observer.counters.failuresByCode.get("connection_refused")).toBe(2);
});

test("Observer leaves lines out when there are too many in a second, and says how many", async () => {
  const exchange = await exchangeOf(open.client, "GET / HTTP/1.1\r\n\r\n");
  for (let i = 0; i < 80; i++) observer.refused(exchange, exchange.received, 0);
  expect(logged).toHaveLength(50);
  now += 1_000;
  observer.refused(exchange, exchange.received, 0);
  expect(logged.slice(50)).toMatchObject([
    { msg: "lines left out in the last second", lines: 30 },
    { msg: "request refused" },
  ]);
  expect(observer.counters.refusalsByRule.get("host-missing")).toBe(81);
});

test("Observer counts responses that nobody asked for", () => {
  observer.closedIdle(backend(), "unsolicited octets");
  observer.closedIdle(backend(), "closed by the server");
  expect([...observer.counters.failuresByCode]).toEqual([["unsolicited_response", 1]]);
});
