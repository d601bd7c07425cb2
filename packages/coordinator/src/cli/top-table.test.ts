import { expect, test } from "vitest";
import type { PoolsSeen } from "./admin/answers.ts";
import { serverRows, topTable } from "./top-table.ts";

const pools = (failures: number, errors: number, name = "g1"): PoolsSeen => [
  {
    name: "gold",
    balance: "least-load",
    servers: [
      {
        name,
        url: "http://127.0.0.1:9001",
        weight: 1,
        state: "ready",
        health: "ok",
        reasons: [],
        outstanding: 3,
        requests: 100,
        failures,
        errors,
        connections: 2,
        latencyMs: 40,
        averageMs: 12.34,
        answers: [],
        answerMs: 0,
        ejectedBy: 0,
        rate: 250.6,
      },
    ],
  },
];

test("serverRows() makes a rate of errors out of two looks, and none out of one", () => {
  const before = { at: 1_000, pools: pools(1, 4) };
  expect(serverRows(before, undefined)[0]?.errorRate).toBe(0);
  expect(serverRows({ at: 3_000, pools: pools(2, 7) }, before)[0]?.errorRate).toBe(2);
});

test("serverRows() has no errors less than none when counts fall, nor those of a server that is new", () => {
  const before = { at: 0, pools: pools(5, 5) };
  expect(serverRows({ at: 1_000, pools: pools(0, 1) }, before)[0]?.errorRate).toBe(0);
  expect(serverRows({ at: 1_000, pools: pools(9, 9, "g2") }, before)[0]?.errorRate).toBe(0);
});

test("topTable() has a line for each server", () => {
  expect(topTable(serverRows({ at: 0, pools: pools(0, 0) }, undefined))).toBe(
    "SERVER   OUTSTANDING  RATE/S  ERRORS/S  LATENCY  STATE  HEALTH\ngold/g1            3     251         0  12.3 ms  ready  ok\n",
  );
});
