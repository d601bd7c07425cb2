import { describe, expect, it } from "vitest";
import { SeedSequence } from "../random.ts";
import { HASH_BOUND_FACTOR } from "./consistent-hash.ts";
import { NOBODY_TRIED } from "./eligibility.ts";
import { hash32, NO_AFFINITY } from "./hash.ts";
import { choose } from "./picker.ts";
import { tally, view } from "./test-view.ts";
import { ChoiceTrace } from "./trace.ts";
import type { Candidate } from "./view.ts";

const AFFINITIES = Array.from({ length: 10_000 }, (_, i) => hash32(`client-${i}`));

function owners(servers: readonly Partial<Candidate>[]): string[] {
  const pool = view("hash", servers);
  return AFFINITIES.map((affinity) => pool.candidates[choose(pool, 1, affinity, NOBODY_TRIED)]?.name ?? "");
}

describe("hash", () => {
  it("sends the same affinity to the same server, whatever the seed", () => {
    const pool = view("hash", [{}, {}, {}, {}]);
    for (const affinity of AFFINITIES.slice(0, 200)) {
      expect(choose(pool, 1, affinity, NOBODY_TRIED)).toBe(choose(pool, 2, affinity, NOBODY_TRIED));
    }
  });

  it("moves affinities only to a server that is added, and no more than its share", () => {
    const before = owners([{}, {}, {}, {}]);
    const after = owners([{}, {}, {}, {}, {}]);
    const moved = after.filter((owner, i) => owner !== before[i]);
    expect(new Set(moved)).toEqual(new Set(["s5"]));
    expect(moved.length / AFFINITIES.length).toBeCloseTo(1 / 5, 1);
  });

  it("moves affinities to a server in its slow start bit by bit, each of them once, and back to nobody", () => {
    const without = owners([{}, {}, {}, { ready: false }]);
    const ramps = [0.1, 0.3, 0.6, 1].map((ramp) => owners([{}, {}, {}, { ramp, weight: ramp }]));
    const parts = ramps.map((owned) => owned.filter((owner) => owner === "s4").length / AFFINITIES.length);
    expect(parts.map((part) => (4 * part).toFixed(1))).toEqual(["0.1", "0.3", "0.6", "1.0"]);
    for (const [i, affinity] of AFFINITIES.entries()) {
      const path = [without, ...ramps].map((owned) => owned[i]);
      const moved = path.indexOf("s4");
      const expected = path.map((_, at) => (moved >= 0 && at >= moved ? "s4" : without[i]));
      if (path.join() !== expected.join()) expect([affinity, path]).toEqual([affinity, expected]);
    }
  });

  it("sends everything somewhere while all servers are in their slow start", () => {
    expect(
      owners([
        { ramp: 0.1, weight: 0.1 },
        { ramp: 0.1, weight: 0.1 },
      ]),
    ).not.toContain("");
  });

  it("moves only the affinities of a server that leaves, over all that remain", () => {
    const before = owners([{}, {}, {}, {}]);
    const after = owners([{}, { ready: false }, {}, {}]);
    before.forEach((owner, i) => {
      if (owner !== "s2") expect(after[i]).toBe(owner);
    });
    expect(new Set(after.filter((_, i) => before[i] === "s2"))).toEqual(new Set(["s1", "s3", "s4"]));
  });

  it("owns the ring in proportion to weight, within a fifth", () => {
    const counts = tally(view("hash", [{ weight: 1 }, { weight: 2 }, { weight: 4 }, { weight: 1 }]), 40_000);
    const shares = [5_000, 10_000, 20_000, 5_000];
    counts.forEach((count, i) => {
      expect(Math.abs(count / (shares[i] as number) - 1)).toBeLessThan(0.2);
    });
  });

  it("keeps every server within its bound while one popular affinity fills the pool", () => {
    const outstanding = [0, 0, 0, 0];
    for (let request = 0; request < 1_000; request++) {
      const pool = view(
        "hash",
        outstanding.map((each) => ({ outstanding: each })),
      );
      const chosen = choose(pool, request, AFFINITIES[0] as number, NOBODY_TRIED);
      outstanding[chosen] = (outstanding[chosen] as number) + 1;
      const bound = Math.ceil((HASH_BOUND_FACTOR * (request + 1)) / 4);
      expect(Math.max(...outstanding)).toBeLessThanOrEqual(bound);
    }
    expect(outstanding.reduce((a, b) => a + b)).toBe(1_000);
  });

  it("walks on from an owner at its bound, and says so", () => {
    const affinity = AFFINITIES[0] as number;
    const idle = view("hash", [{}, {}, {}]);
    const owner = choose(idle, 1, affinity, NOBODY_TRIED);
    const busy = view(
      "hash",
      [0, 1, 2].map((i) => ({ outstanding: i === owner ? 50 : 1 })),
    );
    const trace = new ChoiceTrace();
    expect(choose(busy, 1, affinity, NOBODY_TRIED, trace)).not.toBe(owner);
    expect(trace.reason).toBe("next-on-the-ring");
    expect([trace.candidates[0], (trace.scores[0] as number) >= 1]).toEqual([owner, true]);
  });

  it("always finds somebody when anybody is eligible, however the load lies", () => {
    const loads = new SeedSequence(17);
    for (let round = 0; round < 300; round++) {
      const servers = [0, 1, 2, 3, 4].map((i) => ({
        outstanding: loads.next() % 60,
        reported: loads.next() % 60,
        ready: i === round % 5 || loads.next() % 2 === 0,
        weight: 1 + (loads.next() % 9),
      }));
      expect(choose(view("hash", servers), 1, loads.next(), NOBODY_TRIED)).toBeGreaterThanOrEqual(0);
    }
  });

  it("places a request without affinity by its seed", () => {
    const pool = view("hash", [{}, {}, {}, {}]);
    const chosen = new Set(
      Array.from({ length: 100 }, (_, seed) => choose(pool, seed, NO_AFFINITY, NOBODY_TRIED)),
    );
    expect(chosen.size).toBe(4);
  });

  it("goes round from above the last point to the first", () => {
    const pool = view("hash", [{}, {}, {}]);
    expect(choose(pool, 1, 0xffffffff, NOBODY_TRIED)).toBe(pool.plan.ringOwners[0]);
  });
});
