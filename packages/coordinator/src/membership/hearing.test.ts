import { pino } from "pino";
import { expect, test } from "vitest";
import { Ejections } from "../events/ejections.ts";
import { EventLog } from "../events/event-log.ts";
import { ShareGranting } from "../shares/granting.ts";
import { Hearing } from "./hearing.ts";
import { RecentExchanges } from "./recent.ts";
import { Registry } from "./registry.ts";
import { HELLO } from "./test-hello.ts";

test("Hearing tells once that an acceptor has joined, however often it says hello, and again when it comes back", () => {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  const registry = new Registry(() => 0);
  const events = new EventLog({ now: () => 0, name: "e" });
  const hearing = new Hearing({
    registry,
    recent: new RecentExchanges(registry),
    events,
    ejections: new Ejections(events),
    shares: new ShareGranting({
      limits: () => new Map(),
      publish: () => {},
      termOf: (term) => term,
      now: () => 0,
    }),
    onLeft: () => {},
    log,
  });
  const peer = { send: () => {}, close: () => {} };
  hearing.onMessage(peer, HELLO);
  hearing.onMessage(peer, HELLO);
  expect(lines).toEqual(["acceptor joined"]);
  hearing.onGone(peer);
  hearing.onMessage(peer, HELLO);
  expect(lines).toEqual(["acceptor joined", "acceptor left", "acceptor joined"]);
});
