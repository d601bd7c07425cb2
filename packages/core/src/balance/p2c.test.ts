import { describe, expect, it } from "vitest";
import { chiSquare, fairBound, tally, view } from "./test-view.ts";

describe("p2c", () => {
  it("gives each rank of load the share that two draws give it", () => {
    const servers = [{ outstanding: 30 }, { outstanding: 10 }, { outstanding: 20 }, { outstanding: 40 }];
    const counts = tally(view("p2c", servers), 24_000);
    expect(counts[3]).toBe(0);
    expect(chiSquare(counts.slice(0, 3), [1, 3, 2])).toBeLessThan(fairBound(3));
  });

  it("goes by its own outstanding and not by what others report", () => {
    const pool = view("p2c", [{ outstanding: 1 }, { outstanding: 0, reported: 100 }]);
    expect(tally(pool, 100)).toEqual([0, 100]);
  });

  it("spreads requests over idle servers in proportion to their weights", () => {
    const counts = tally(view("p2c", [{ weight: 3 }, { weight: 1 }, { weight: 1 }]), 15_000);
    expect(chiSquare(counts, [3, 1, 1])).toBeLessThan(fairBound(3));
  });
});
