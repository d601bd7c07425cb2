import type { ExchangeRecord } from "@shunt/core";
import { expect, test } from "vitest";
import type { BusPeer } from "../bus/state-bus.ts";
import { RecentExchanges } from "./recent.ts";
import { Registry } from "./registry.ts";

const exchange = (startedAt: number) => ({ id: `x${startedAt}`, startedAt }) as ExchangeRecord;

function joined(registry: Registry, id: string, send: BusPeer["send"]): BusPeer {
  const peer: BusPeer = { send, close: () => {} };
  registry.join(peer, {
    kind: "hello",
    acceptor: id,
    host: "h",
    pid: 1,
    term: 0,
    generation: 1,
    version: "0",
  });
  return peer;
}

test("RecentExchanges merges all acceptors, the newest first, up to the limit", async () => {
  const registry = new Registry(Date.now);
  const recent = new RecentExchanges(registry);
  for (const times of [
    [9, 4],
    [8, 7],
  ]) {
    const peer = joined(registry, `a${times}`, (message) => {
      if (message.kind === "get-recent") recent.answered(peer, message.request, times.map(exchange));
    });
  }
  expect((await recent.collect(3)).map(({ startedAt }) => startedAt)).toEqual([9, 8, 7]);
});

test("RecentExchanges answers without an acceptor that leaves, and does not count a second answer of another", async () => {
  const registry = new Registry(Date.now);
  const recent = new RecentExchanges(registry);
  let request = 0;
  const leaving = joined(registry, "a1", () => {});
  const talking = joined(registry, "a2", (message) => {
    if (message.kind === "get-recent") request = message.request;
  });
  const collected = recent.collect(10);
  recent.answered(talking, request, [exchange(1)]);
  recent.answered(talking, request, [exchange(2)]);
  recent.gone(leaving);
  expect((await collected).map(({ startedAt }) => startedAt)).toEqual([1]);
});

test("RecentExchanges answers at once when there is no acceptor", async () => {
  expect(await new RecentExchanges(new Registry(Date.now)).collect(10)).toEqual([]);
});
