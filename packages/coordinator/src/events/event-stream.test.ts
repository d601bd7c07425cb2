import { FIXED } from "@shunt/core";
import { beforeEach, expect, test } from "vitest";
import { EventLog } from "./event-log.ts";
import { EventStream } from "./event-stream.ts";

let log: EventLog;

beforeEach(() => {
  log = new EventLog({ now: () => 0, name: "x" });
});

const revive = (server: string): void => log.append({ kind: "server-revived", server });

function read({ readable }: EventStream): string {
  let text = "";
  for (let chunk = readable.read(); chunk !== null; chunk = readable.read()) text += String(chunk);
  return text;
}

test("EventStream writes an event as a line of JSON with its id and name", () => {
  const stream = new EventStream(log, undefined);
  revive("gold/line\nend");
  expect(read(stream)).toBe(
    'retry: 1000\n\nid: x-1\nevent: server-revived\ndata: {"at":"1970-01-01T00:00:00.000Z","server":"gold/line\\nend"}\n\n',
  );
});

test("EventStream tells the past to whoever names an event of it, and to nobody else", () => {
  revive("gold/g1");
  revive("gold/g2");
  expect(read(new EventStream(log, undefined))).toBe("retry: 1000\n\n");
  const resumed = read(new EventStream(log, "x-1"));
  expect(resumed).toContain("id: x-2\n");
  expect(resumed).not.toMatch(/x-1\n|events-missed/);
  expect(read(new EventStream(log, "other-9"))).toMatch(/event: events-missed\ndata: {}\n\nid: x-1\n/);
});

test("EventStream cuts a listener for which more is held than the bound", () => {
  const stream = new EventStream(log, undefined);
  for (let held = 0; held <= FIXED.eventStreamBytes; held += 500) revive("s".repeat(500));
  expect(stream.readable.destroyed).toBe(true);
});

test("EventStream cuts a listener that has read nothing by the second heartbeat, and no other", () => {
  const deaf = new EventStream(log, undefined);
  const slow = new EventStream(log, undefined);
  for (let beat = 0; beat < 2; beat++) {
    deaf.heartbeat();
    slow.heartbeat();
    expect(read(slow)).toContain(": \n\n");
  }
  expect([deaf.readable.destroyed, slow.readable.destroyed]).toEqual([true, false]);
});
