import { expect, test } from "vitest";
import { KnownHealth } from "./known-health.ts";

function known(): { readonly events: string[]; readonly health: KnownHealth } {
  const events: string[] = [];
  const append = (event: { kind: string }): void => {
    events.push(`${event.kind} ${"server" in event ? event.server : ""}`);
  };
  return { events, health: new KnownHealth({ append }) };
}

const told = (server: string, healthy: boolean) => ({ server, healthy, reason: "status 503" });

test("KnownHealth tells when a server changes sides, and not what was so already", () => {
  const { events, health } = known();
  health.hear([told("a/1", true), told("a/2", false)]);
  health.hear([told("a/1", true), told("a/2", false)]);
  expect(events).toEqual(["server-unhealthy a/2"]);
  health.hear([told("a/1", false), told("a/2", true)]);
  expect(events.slice(1)).toEqual(["server-unhealthy a/1", "server-healthy a/2"]);
});

test("KnownHealth forgets servers that are not in the table any more", () => {
  const { health } = known();
  health.hear([told("a/1", false)]);
  expect([health.of("a/1")?.healthy, health.of("a/2")]).toEqual([false, undefined]);
  health.hear([]);
  expect([health.of("a/1"), health.servers]).toEqual([undefined, []]);
});
