import { expect, test } from "vitest";
import { totals } from "./aggregate.ts";
import type { HeardLoad } from "./heard-load.ts";

function table(...loads: (Pick<HeardLoad, "server"> & Partial<HeardLoad>)[]): Map<string, HeardLoad> {
  const zero = {
    outstanding: 0,
    latencyMs: 0,
    requests: 0,
    failures: 0,
    connections: 0,
    errors: 0,
    ejected: false,
    measuredAt: 0,
    rate: 0,
    averageMs: 0,
  };
  return new Map(loads.map((load) => [load.server, { ...zero, ...load }]));
}

test("totals() has what a server said last, whoever heard it", () => {
  const first = table({ server: "a/1", announced: 0.9, measuredAt: 100 });
  const later = table({ server: "a/1", announced: 0.2, measuredAt: 200 });
  const silent = table({ server: "a/1", measuredAt: 300 });
  expect(totals(["a/1"], [first, later, silent])[0]?.announced).toBe(0.2);
});

test("totals() adds rates, errors and answer times of all acceptors", () => {
  const answers = [0, 1, 2, 0, 0, 0, 0, 0, 0, 0];
  const one = table({
    server: "a/1",
    rate: 10,
    errors: 1,
    answers,
    answerMs: 20,
    averageMs: 8,
    measuredAt: 5,
  });
  const other = table({
    server: "a/1",
    rate: 30,
    errors: 2,
    answers,
    answerMs: 4,
    averageMs: 4,
    measuredAt: 5,
  });
  const [total] = totals(["a/1"], [one, other], 10);
  expect(total).toMatchObject({ rate: 40, errors: 3, answerMs: 24, averageMs: 5 });
  expect(total?.answers).toEqual([0, 2, 4, 0, 0, 0, 0, 0, 0, 0]);
});

test("totals() knows of no rate where measures have stopped changing", () => {
  expect(totals(["a/1"], [table({ server: "a/1", rate: 10 })], 60_000)[0]?.rate).toBe(0);
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
