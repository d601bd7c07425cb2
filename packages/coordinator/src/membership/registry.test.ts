import { expect, test } from "vitest";
import { NO_COUNTERS } from "./counters.ts";
import { Registry } from "./registry.ts";
import { HELLO } from "./test-hello.ts";

const peer = { send: () => {}, close: () => {} };

test("Registry.counters() do not fall while an acceptor that was asked tells all anew", () => {
  const registry = new Registry(() => 0);
  const member = registry.join(peer, HELLO);
  const counters = { ...NO_COUNTERS, counters: { exchanges_total: 5 } };
  member.status = { state: "accepting", connections: 1, exchanges: 0, counters };
  const again = registry.join(peer, HELLO);
  expect(registry.counters().counters).toEqual({ exchanges_total: 5 });
  expect([again.status.state, again.loads.size]).toEqual(["accepting", 0]);
});

test("Registry forgets the loads of servers that were removed, once nothing is outstanding there", () => {
  const registry = new Registry(() => 0);
  const member = registry.join(peer, HELLO);
  registry.totals.count([member.loads]);
  const report = { kind: "load", shares: [], granted: 0 } as const;
  registry.takeLoad(member, {
    ...report,
    seq: 1,
    servers: [
      ["a/1", 0],
      ["a/2", 3],
      ["a/3", 0],
    ],
  });
  registry.forgetAllBut(new Set(["a/1"]));
  expect([...member.loads.keys()]).toEqual(["a/1", "a/2"]);
  registry.takeLoad(member, { ...report, seq: 2, servers: [["a/2", 0]] });
  registry.forgetAllBut(new Set(["a/1"]));
  expect([...member.loads.keys()]).toEqual(["a/1"]);
  expect(registry.totals.of(["a/1", "a/2"], new Map()).outstanding).toEqual([0, 0]);
});
