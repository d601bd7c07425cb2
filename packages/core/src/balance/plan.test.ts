import { describe, expect, it, test } from "vitest";
import { ORDER_TURNS, type PlannedServer, planAgain, planFor, RING_OWNERS, RING_POINTS } from "./plan.ts";

function servers(...weights: number[]) {
  return weights.map((weight, i) => ({ name: `s${i + 1}`, weight }));
}

function turnsOf(order: readonly number[], index: number): number {
  return order.filter((each) => each === index).length;
}

describe("planFor() round-robin", () => {
  it("spreads the turns of the heavy server between those of the light ones", () => {
    expect(planFor(servers(5, 1, 1), "round-robin").order).toEqual([0, 0, 1, 0, 2, 0, 0]);
  });

  it("makes the shortest cycle that is exact, for fractions too", () => {
    expect(planFor(servers(100, 100, 200), "round-robin").order).toHaveLength(4);
    expect(planFor(servers(0.5, 1.25), "round-robin").order).toHaveLength(7);
  });

  it("bounds the cycle and gives the lightest server a turn all the same", () => {
    const { order } = planFor(servers(1, 1_000_003, 500_000), "round-robin");
    expect(order.length).toBeLessThanOrEqual(ORDER_TURNS + 2);
    expect(turnsOf(order, 0)).toBe(1);
    expect(turnsOf(order, 1) / turnsOf(order, 2)).toBeCloseTo(2, 1);
  });

  it("has a turn for each of more servers than the usual cycle is long", () => {
    const many = servers(...Array.from({ length: 2_000 }, () => 3));
    expect(new Set(planFor(many, "round-robin").order).size).toBe(2_000);
  });
});

describe("planFor() hash", () => {
  it("gives a server points in proportion to its weight", () => {
    const { ringOwners } = planFor(servers(1, 2, 4), "hash");
    expect([0, 1, 2].map((i) => ringOwners.filter((owner) => owner === i).length)).toEqual([
      64,
      128,
      RING_POINTS,
    ]);
  });

  it("sorts points ascending as unsigned numbers", () => {
    const { ringPoints } = planFor(servers(1, 1, 1), "hash");
    for (let i = 1; i < ringPoints.length; i++) {
      expect(ringPoints[i] as number).toBeGreaterThanOrEqual(ringPoints[i - 1] as number);
    }
    expect(ringPoints.at(-1)).toBeGreaterThan(0x80000000);
  });

  it("derives the same ring from the same servers in another order", () => {
    // "76/s1700" and a point of s458 have the same hash; who owns the point must not depend on the order
    const forward = [...servers(1, 2, 3, 1), { name: "s1700", weight: 4 }, { name: "s458", weight: 4 }];
    const backward = [...forward].reverse();
    const names = (list: typeof forward) => {
      const { ringPoints, ringOwners } = planFor(list, "hash");
      return [...ringPoints].map((point, i) => [point, list[ringOwners[i] as number]?.name]);
    };
    expect(names(backward)).toEqual(names(forward));
  });

  it("keeps all points of the others when a server comes that is no heavier", () => {
    const before = planFor(servers(1, 1, 1), "hash");
    const after = planFor(servers(1, 1, 1, 1), "hash");
    const kept = [...after.ringPoints].filter((_, i) => after.ringOwners[i] !== 3);
    expect(kept).toEqual([...before.ringPoints]);
  });

  it("refuses more servers than an owner's 16 bits can name", () => {
    const tooMany = Array.from({ length: RING_OWNERS + 1 }, (_, i) => ({ name: `s${i}`, weight: 1 }));
    expect(() => planFor(tooMany, "hash")).toThrow("expected at most 65536 servers, received 65537");
  });
});

describe("planFor()", () => {
  it("computes nothing for balancers that need nothing", () => {
    for (const balance of ["least-load", "p2c", "peak-ewma"] as const) {
      const plan = planFor(servers(1, 2), balance);
      expect([plan.order.length, plan.ringPoints.length, plan.ringOwners.length]).toEqual([0, 0, 0]);
    }
  });
});

test("planAgain() keeps a plan as long as names, weights and their order stay, and makes another else", () => {
  const before = planAgain(undefined, servers(1, 2), "hash");
  const [s1, s2] = servers(1, 2) as [PlannedServer, PlannedServer];
  const drained = { ...s1, state: "drain" };
  expect(planAgain(before, [drained, s2], "hash").plan).toBe(before.plan);
  const changed: (readonly PlannedServer[])[] = [
    [s2, s1],
    [s1],
    [s1, s2, { ...s1, name: "s3" }],
    servers(1, 3),
  ];
  for (const other of changed) {
    const { plan } = planAgain(before, other, "hash");
    expect(plan).not.toBe(before.plan);
    expect(plan).toEqual(planFor(other, "hash"));
  }
  expect(planAgain(before, servers(1, 2), "round-robin").plan).toEqual(planFor(servers(1, 2), "round-robin"));
});
