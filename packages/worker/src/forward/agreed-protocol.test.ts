import { FieldNames, HEAD, ResponseHead } from "@shunt/core";
import { expect, test } from "vitest";
import { snapshotOf } from "../test-snapshot.ts";
import type { Exchange } from "../track/exchange.ts";
import { agreesToAsked } from "./agreed-protocol.ts";

/** What a 101 with these fields says to a request that asked for `asked`. */
function answer(asked: string, fields: string, version = "1.1"): boolean {
  const requestHead = Buffer.from(`GET /upgrade:x HTTP/1.1\r\nHost: a\r\nUPGRADE:${asked}\r\nX: y\r\n\r\n`);
  const head = new ResponseHead(new FieldNames([]), snapshotOf().config.limits);
  const octets = Buffer.from(
    `HTTP/${version} 101 Switching Protocols\r\nConnection: Upgrade\r\n${fields}\r\n`,
  );
  expect(head.judge(octets, 0, octets.length, false)).toBe(HEAD.COMPLETE);
  return agreesToAsked({ requestHead } as unknown as Exchange, head);
}

test.each([
  ["the protocol itself", " websocket", "Upgrade: websocket\r\n"],
  ["another case", " websocket", "upgrade: WebSocket\r\n"],
  ["one of several", " foo/2, bar", "Upgrade: bar\r\n"],
  ["two layers, both asked for, on two lines", "a , ,b", "Upgrade: b\r\nUpgrade: a\r\n"],
  ["another version", " foo/2", "Upgrade: foo/1\r\n"],
])("agreesToAsked() takes %s", (_, asked, fields) => {
  expect(answer(asked, fields)).toBe(true);
});

test.each([
  ["another protocol", " websocket", "Upgrade: h2c\r\n"],
  ["one that was asked for beside one that was not", " a", "Upgrade: a, b\r\n"],
  ["a 101 that names none", " websocket", ""],
  ["a 101 with an empty Upgrade", " websocket", "Upgrade: ,\r\n"],
])("agreesToAsked() refuses %s", (_, asked, fields) => {
  expect(answer(asked, fields)).toBe(false);
});

test("agreesToAsked() refuses a 101 of HTTP/1.0", () => {
  expect(answer(" websocket", "Upgrade: websocket\r\n", "1.0")).toBe(false);
});
