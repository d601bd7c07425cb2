import { REFUSE } from "@shunt/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Backend } from "../connect/backend.ts";
import { exchangeOf, type OpenClient, TestListener, TestLoop } from "../test-exchange.ts";
import { Attempt } from "./attempt.ts";
import { timersOf } from "./timers.ts";

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

test.each([
  ["GET / HTTP/1.1\r\nHost: a", true],
  ["HEAD / HTTP/1.1\r\nHost: a", true],
  ["OPTIONS * HTTP/1.1\r\nHost: a", true],
  ["POST / HTTP/1.1\r\nHost: a", false],
  ["DELETE / HTTP/1.1\r\nHost: a", false],
  ["GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1", false],
  ["GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x", false],
  ["GET / HTTP/1.1\r\nHost: a\r\nAuthorization: NTLM x", false],
  ["GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic x", true],
])(
  "Exchange may run beside others only when it is safe, whole and bound to nothing: %j",
  async (head, expected) => {
    expect((await exchangeOf(open.client, `${head}\r\n\r\n`)).parallel).toBe(expected);
  },
);

test.each([
  ["GET /x?y HTTP/1.1\r\nHost: a", "/x?y", "a"],
  ["GET http://B/x HTTP/1.1\r\nHost: b", "/x", "B"],
  ["GET http://b HTTP/1.1\r\nHost: b", "/", "b"],
  ["GET http://b?q HTTP/1.1\r\nHost: b", "/?q", "b"],
  ["OPTIONS http://b HTTP/1.1\r\nHost: b", "*", "b"],
])("Exchange names its target as it is sent: %j", async (head, target, authority) => {
  const exchange = await exchangeOf(open.client, `${head}\r\n\r\n`);
  expect([exchange.target, exchange.authority]).toEqual([target, authority]);
});

test.each(["GET", "BREW", "get", "!x"])("Exchange names its method as it was sent: %s", async (method) => {
  const exchange = await exchangeOf(open.client, `${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
  expect([exchange.methodName, exchange.parallel]).toEqual([method, method === "GET"]);
});

test("Exchange that is refused is the last of its connection, with the status and the rule that say why", async () => {
  const exchange = await exchangeOf(open.client, "GET / HTTP/1.1\r\n\r\n");
  expect([exchange.refusal, exchange.status, exchange.failure, exchange.ended]).toEqual([
    REFUSE.HOST_MISSING,
    400,
    "host-missing",
    "PR",
  ]);
  expect(open.client.lastRequestSeen).toBe(true);
});

test.each([
  ["GET / HTTP/1.1\r\nHost: a", false],
  ["GET / HTTP/1.1\r\nHost: a\r\nConnection: close", true],
  ["GET / HTTP/1.0", true],
  ["GET / HTTP/1.0\r\nConnection: keep-alive", false],
])("Exchange ends the requests of its connection when it says so: %j", async (head, expected) => {
  await exchangeOf(open.client, `${head}\r\n\r\n`);
  expect(open.client.lastRequestSeen).toBe(expected);
});

test("Exchange is due when it is the oldest of its client", async () => {
  const [first, second] = [
    await exchangeOf(open.client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    await exchangeOf(open.client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
  ];
  expect([first.due, second.due]).toEqual([true, false]);
  open.client.shift();
  expect(second.due).toBe(true);
});

test.each([
  ["waiting", "CQ"],
  ["inquiring", "CR"],
  ["connecting", "CC"],
  ["sending", "CH"],
  ["answering", "CD"],
] as const)("Exchange that its client leaves while it is %s ended as %s", async (state, ended) => {
  const exchange = await exchangeOf(open.client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  exchange.state = state;
  exchange.abandoned(499);
  expect([exchange.ended, exchange.status]).toEqual([ended, 499]);
});

test("Exchange that had failed before its client left keeps how it ended, and its status", async () => {
  const exchange = await exchangeOf(open.client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  Object.assign(exchange, { ended: "sH", status: 504, state: "answering" }).abandoned(499);
  expect([exchange.ended, exchange.status]).toEqual(["sH", 504]);
});

test("Exchange remembers its attempts in their order", async () => {
  const exchange = await exchangeOf(open.client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const server = { name: "s", host: "h", port: 1, authority: "h:1", weight: 1, state: "ready" } as const;
  const backend = new Backend("p", server, () => 0);
  const attempts = [5, 6].map((now) => new Attempt(exchange, backend, 1, false, [], now));
  exchange.began(attempts[0] as Attempt, true);
  expect([exchange.state, exchange.connectedAt]).toEqual(["sending", 5]);
  exchange.began(attempts[1] as Attempt, false);
  expect([exchange.state, exchange.connectedAt, exchange.history]).toEqual(["connecting", 0, attempts]);
  expect(backend.outstanding).toBe(2);
  for (const attempt of attempts) {
    attempt.settle();
    attempt.settle();
  }
  expect(backend.outstanding).toBe(0);
});

describe("timersOf()", () => {
  test("timersOf() says where the time went, phase by phase", async () => {
    const exchange = await exchangeOf(open.client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const times = {
      beganAt: 1,
      headAt: 2,
      classifiedAt: 4,
      startedAt: 8,
      connectedAt: 16,
      answerAt: 32,
      dueAt: 64,
    };
    expect(timersOf(Object.assign(exchange, times), 128)).toEqual({
      TR: 1,
      Tk: 2,
      Tw: 4,
      Tc: 8,
      Tr: 16,
      To: 32,
      Td: 64,
      Ta: 127,
    });
    expect(timersOf(Object.assign(exchange, { dueAt: 20 }), 128)).toMatchObject({ To: 0, Td: 96 });
  });

  test("timersOf() says -1 for the phases that never were", async () => {
    const exchange = await exchangeOf(open.client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const times = { beganAt: 1, headAt: 2, classifiedAt: 4 };
    expect(timersOf(Object.assign(exchange, times), 5)).toEqual({
      TR: 1,
      Tk: 2,
      Tw: -1,
      Tc: -1,
      Tr: -1,
      To: -1,
      Td: -1,
      Ta: 4,
    });
  });
});
