import { expect, test } from "vitest";
import { decodeAcceptorMessage, decodeCoordinatorMessage, decodeSupervisorMessage } from "./decode.ts";
import { DecodeError } from "./fields.ts";

const hello = {
  kind: "hello",
  acceptor: "a1-7",
  host: "h",
  pid: 7,
  term: 0,
  generation: 1,
  version: "0.1.0",
};
const status = {
  kind: "status",
  state: "accepting",
  term: 0,
  generation: 1,
  connections: 2,
  exchanges: 1,
  counters: {
    counters: { exchanges_total: 3 },
    gauges: {},
    labelled: { responses_total: { "200": 3 } },
    histograms: { exchange_seconds: { bounds: [0.1, 1], counts: [1, 2, 0], sum: 1.5 } },
  },
};

const measures = {
  latencyMs: 1.5,
  requests: 9,
  failures: 1,
  connections: 2,
  errors: 3,
  ejected: false,
  announced: 0.5,
};
const report = (servers: unknown) => ({ kind: "load", seq: 4, servers, shares: [], granted: 0 });

test("decodeAcceptorMessage() reads servers with measures and without", () => {
  const answers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const message = report([
    ["a/1", 3],
    ["a/2", 0, { ...measures, answers, answerMs: 70 }],
  ]);
  expect(decodeAcceptorMessage(message)).toEqual(message);
});

test("decodeAcceptorMessage() leaves out answer times of another version's buckets", () => {
  const message = report([["a/2", 0, { ...measures, answers: [1, 2], answerMs: 70 }]]);
  expect(decodeAcceptorMessage(message)).toEqual(report([["a/2", 0, measures]]));
});

test("decodeAcceptorMessage() gives back what was sent and drops fields that it does not know", () => {
  expect(decodeAcceptorMessage({ ...hello, colour: "red" })).toEqual(hello);
  expect(decodeAcceptorMessage(status)).toEqual(status);
});

test.each([
  [{ ...hello, kind: "goodbye" }, 'expected a kind of hello, load, status, recent, found "goodbye"'],
  [{ ...hello, kind: "toString" }, "expected a kind of"],
  [{ ...hello, pid: -1 }, "pid: expected a whole number from 0, found -1"],
  [{ ...hello, acceptor: 5 }, "acceptor: expected a text, found 5"],
  [{ kind: "load", seq: 1, servers: {}, shares: [], granted: 0 }, "servers: expected a list, found {}"],
  [
    { ...status, state: "asleep" },
    'state: expected one of starting, accepting, draining, stopped, found "asleep"',
  ],
  [report([["a/1", -1]]), "outstanding: expected a whole number from 0, found -1"],
  [report([["a/1", 1, { ...measures, announced: 1.5 }]]), "announced: expected a number in 0..1, found 1.5"],
  [null, "acceptor message: expected an object, found null"],
])("decodeAcceptorMessage() refuses %j", (message, reason) => {
  expect(() => decodeAcceptorMessage(message)).toThrow(DecodeError);
  expect(() => decodeAcceptorMessage(message)).toThrow(reason);
});

test("decodeAcceptorMessage() refuses a histogram whose counts do not fit its bounds", () => {
  const histograms = { exchange_seconds: { bounds: [1], counts: [1], sum: 1 } };
  const message = { ...status, counters: { ...status.counters, histograms } };
  expect(() => decodeAcceptorMessage(message)).toThrow("exchange_seconds: expected 2 counts, found 1");
});

test("decodeAcceptorMessage() lets a counter named __proto__ change no prototype", () => {
  const message = JSON.parse(JSON.stringify(status).replace('"exchanges_total"', '"__proto__"'));
  const decoded = decodeAcceptorMessage(message);
  expect(decoded.kind === "status" && Object.entries(decoded.counters.counters)).toEqual([["__proto__", 3]]);
});

test("decodeCoordinatorMessage() refuses a snapshot without its configuration", () => {
  expect(() => decodeCoordinatorMessage({ kind: "snapshot", snapshot: { generation: 1 } })).toThrow(
    "config: expected an object",
  );
});

test("decodeSupervisorMessage() refuses an acceptor's message", () => {
  expect(() => decodeSupervisorMessage(hello)).toThrow("expected a kind of start, listen, unlisten, drain");
});

test("decodeCoordinatorMessage() takes no server for healthy, or unhealthy, that is not said to be", () => {
  const health = (healthy: unknown): unknown => ({
    kind: "health",
    servers: [{ server: "a/1", healthy, reason: "" }],
  });
  expect(decodeCoordinatorMessage(health(false))).toEqual(health(false));
  for (const healthy of [undefined, 1, "no"])
    expect(() => decodeCoordinatorMessage(health(healthy))).toThrow("healthy: expected true or false");
});
