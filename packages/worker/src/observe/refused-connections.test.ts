import type { Logger } from "pino";
import { beforeEach, expect, test } from "vitest";
import { RefusedConnections } from "./refused-connections.ts";

let now: number;
let logged: object[];
let counts: Map<string, number>;
let refused: RefusedConnections;
beforeEach(() => {
  now = 5_000;
  logged = [];
  counts = new Map();
  const log = { warn: (fields: object) => logged.push(fields) } as unknown as Logger;
  refused = new RefusedConnections(counts, log, () => now);
});

test("RefusedConnections counts by reason, from 0 on", () => {
  expect(counts.get("connections")).toBe(0);
  for (let i = 0; i < 3; i++) refused.note("connections", "192.0.2.1");
  refused.note("proxy_header_timeout", "192.0.2.1");
  expect([counts.get("connections"), counts.get("proxy_header_timeout")]).toEqual([3, 1]);
});

test("RefusedConnections logs a line per reason and second, which says how many there were since the last", () => {
  for (let i = 0; i < 1_000; i++) {
    refused.note("connections_per_client", `192.0.2.${i % 200}`);
    now += 3;
  }
  refused.note("proxy_untrusted_peer", "192.0.2.9");
  expect(logged).toEqual([
    { peer: "192.0.2.0", reason: "connections_per_client", refused: 1 },
    { peer: "192.0.2.134", reason: "connections_per_client", refused: 334 },
    { peer: "192.0.2.68", reason: "connections_per_client", refused: 334 },
    { peer: "192.0.2.9", reason: "proxy_untrusted_peer", refused: 1 },
  ]);
});

test("RefusedConnections shows the octets around the offence, and no more", () => {
  const octets = Buffer.from(`${"a".repeat(100)}\r\0${"b".repeat(100)}`, "latin1");
  refused.note("proxy_header_malformed", "192.0.2.1", octets, 100);
  expect(logged).toEqual([
    {
      peer: "192.0.2.1",
      reason: "proxy_header_malformed",
      refused: 1,
      octet: 100,
      octets: `${"a".repeat(32)}\r\0${"b".repeat(30)}`,
    },
  ]);
});
