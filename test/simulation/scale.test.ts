import { describe, expect, test } from "vitest";
import { measureBus } from "./scale/bus.ts";
import { measureImbalance } from "./scale/imbalance.ts";
import { fitPowerLaw } from "./scale/power-law.ts";
import { BUSY, IDLE } from "./scale/traffic.ts";

test("fitPowerLaw() finds the exponents of a measure that grows by a power law", () => {
  const points = [10, 100, 300].flatMap((acceptors) =>
    [5, 50].map((servers) => ({ acceptors, servers, value: 3 * acceptors ** 1.5 * servers ** 0.25 })),
  );
  const law = fitPowerLaw(points);
  expect([law.factor, law.acceptors, law.servers].map((value) => value.toFixed(6))).toEqual([
    "3.000000",
    "1.500000",
    "0.250000",
  ]);
});

describe("the state bus", () => {
  test("says next to nothing while nobody asks for anything", () => {
    const idle = measureBus(20, 500, IDLE);
    expect(idle.reports).toBe(60);
    expect(idle.publications).toBe(2);
    expect(idle.bytesPerServer).toBe(0);
    expect(idle.reportBytes / idle.reports).toBeLessThan(80);
  });

  test("tells a server in less than 80 octets of a report, and in less than 5 of the table", () => {
    const busy = measureBus(20, 500, BUSY);
    expect(busy.reports).toBe(200);
    expect(busy.bytesPerServer).toBeLessThan(80);
    expect(busy.tableBytes).toBeLessThan(5 * 500 + 40 * 20);
  });

  test("has a table whose size does not grow with servers times acceptors, and neither does the work for it", () => {
    const [few, many] = [measureBus(20, 500, IDLE), measureBus(200, 500, IDLE)];
    expect(many.tableBytes - few.tableBytes).toBeLessThan(40 * 180);
  });
});

test("decide() of 200 acceptors spreads requests over 200 unequal servers twice as evenly as blind chance", () => {
  const options = { acceptors: 200, servers: 200, outstanding: 8, answerMs: 100, requests: 30_000, seed: 1 };
  const informed = measureImbalance(options);
  const blind = measureImbalance({ ...options, blind: true });
  expect(informed.mean).toBeGreaterThan(6);
  expect(informed.deviation).toBeLessThan(blind.deviation / 2);
  expect(informed.most).toBeLessThan(0.7 * blind.most);
  expect(measureImbalance(options).deviation).toBe(informed.deviation);
});
