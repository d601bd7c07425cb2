import type { ReportedLoad } from "@shunt/core";
import { expect, test } from "vitest";
import { Ejections } from "./ejections.ts";
import { EventLog } from "./event-log.ts";

const load = (ejected: boolean): ReportedLoad => [
  "gold/g1",
  0,
  {
    latencyMs: 0,
    requests: 0,
    failures: 0,
    connections: 0,
    errors: 0,
    ejected,
    ejectedFor: ejected ? "5 failures in a row" : undefined,
  },
];

test("Ejections tells of the first acceptor that ejects a server and of the last that takes it back or leaves", () => {
  const events = new EventLog({ now: () => 0, name: "x" });
  const ejections = new Ejections(events);
  const kinds = () => events.after("").events.map(({ event }) => event.kind);
  ejections.heard("a1", [load(false)]);
  ejections.heard("a1", [load(true)]);
  ejections.heard("a2", [load(true)]);
  ejections.heard("a1", [load(true)]);
  ejections.heard("a1", [load(false)]);
  expect(kinds()).toEqual(["server-ejected"]);
  ejections.heard("a2", [["gold/g1", 3]]);
  expect(kinds()).toEqual(["server-ejected"]);
  ejections.left("a2");
  expect(kinds()).toEqual(["server-ejected", "server-revived"]);
  expect(events.after("").events[0]?.event).toMatchObject({ acceptor: "a1", reason: "5 failures in a row" });
});
