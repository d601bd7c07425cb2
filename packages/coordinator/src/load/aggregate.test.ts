import type { ServerLoad } from "@shunt/core";
import { expect, test } from "vitest";
import { publishedLoads, totals } from "./aggregate.ts";

function table(...loads: (Pick<ServerLoad, "server"> & Partial<ServerLoad>)[]): Map<string, ServerLoad> {
  const zero = {
    outstanding: 0,
    latencyMs: 0,
    requests: 0,
    failures: 0,
    connections: 0,
    errors: 0,
    ejected: false,
  };
  return new Map(loads.map((load) => [load.server, { ...zero, ...load }]));
}

test("publishedLoads() sums over all acceptors and names every server", () => {
  const one = table({ server: "a/1", outstanding: 5 });
  const other = table({ server: "a/1", outstanding: 2 });
  const third = table({ server: "a/1", outstanding: 1 }, { server: "a/2", outstanding: 4 });
  expect(publishedLoads(["a/1", "a/2", "a/3"], [one, other, third])).toEqual([
    { server: "a/1", outstanding: 8 },
    { server: "a/2", outstanding: 4 },
    { server: "a/3", outstanding: 0 },
  ]);
});

test("totals() weighs the answer time by requests and leaves out who measured nothing", () => {
  const [total] = totals(
    ["a/1"],
    [
      table({ server: "a/1", latencyMs: 10, requests: 3 }),
      table({ server: "a/1", latencyMs: 50, requests: 1, ejected: true }),
      table({ server: "a/1", latencyMs: 0, requests: 100 }),
    ],
  );
  expect(total).toMatchObject({ latencyMs: 20, requests: 104, ejectedBy: 1 });
});
