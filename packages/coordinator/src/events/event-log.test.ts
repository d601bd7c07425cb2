import { FIXED } from "@shunt/core";
import { beforeEach, expect, test } from "vitest";
import { EVENT_TEXT } from "./event.ts";
import { EventLog } from "./event-log.ts";

let log: EventLog;

beforeEach(() => {
  log = new EventLog({ now: () => 0, name: "x" });
});

function revive(count: number): void {
  for (let i = 1; i <= count; i++) log.append({ kind: "server-revived", server: `gold/g${i}` });
}

const idsAfter = (id: string) => {
  const { events, missed } = log.after(id);
  return [missed, ...events.map((logged) => logged.id)];
};

test("EventLog tells what came after an event, and nothing after the last", () => {
  revive(3);
  expect(idsAfter("x-1")).toEqual([false, "x-2", "x-3"]);
  expect(idsAfter("x-3")).toEqual([false]);
});

test.each(["", "x", "x-", "x-4", "x-1e0", "y-1"])(
  "EventLog tells all it has after %j, which is no event of its own",
  (id) => {
    revive(3);
    expect(idsAfter(id)).toEqual([true, "x-1", "x-2", "x-3"]);
  },
);

test("EventLog keeps the last events and says when one before them is asked for", () => {
  revive(FIXED.keptEvents + 2);
  expect(log.after("").events).toHaveLength(FIXED.keptEvents);
  expect(idsAfter("x-2").slice(0, 2)).toEqual([false, "x-3"]);
  expect(idsAfter("x-1").slice(0, 2)).toEqual([true, "x-3"]);
});

test("EventLog tells listeners until they end it", () => {
  const heard: string[] = [];
  const end = log.listen(({ id }) => heard.push(id));
  revive(2);
  end();
  revive(1);
  expect(heard).toEqual(["x-1", "x-2"]);
});

test("EventLog cuts long texts of other processes", () => {
  log.append({
    kind: "server-ejected",
    server: "gold/g1",
    acceptor: "a",
    reason: "r".repeat(EVENT_TEXT + 1),
  });
  const [logged] = log.after("").events;
  expect(logged?.event).toMatchObject({ server: "gold/g1", reason: `${"r".repeat(EVENT_TEXT - 3)}...` });
});
