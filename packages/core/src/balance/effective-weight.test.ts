import { describe, expect, it } from "vitest";
import type { BalanceName } from "../config/resolved.ts";
import { ANNOUNCED_FADING_MS, effectiveWeight, FULL_SERVER_SHARE } from "./effective-weight.ts";
import { candidate, chiSquare, fairBound, tally, view } from "./test-view.ts";

describe("effectiveWeight()", () => {
  it("is the weight of a server that says nothing, or that it is idle", () => {
    expect(effectiveWeight(candidate({ weight: 3 }))).toBe(3);
  });

  it("takes off what the server says, and leaves a full one a little", () => {
    expect(effectiveWeight(candidate({ weight: 4, announced: 0.75 }))).toBe(1);
    expect(effectiveWeight(candidate({ weight: 4, announced: 1 }))).toBe(4 * FULL_SERVER_SHARE);
  });

  it("believes a word less the older it is", () => {
    const at = (announcedAgeMs: number) => effectiveWeight(candidate({ announced: 1, announcedAgeMs }));
    expect(at(ANNOUNCED_FADING_MS)).toBeCloseTo(1 - 1 / Math.E, 9);
    expect(at(10 * ANNOUNCED_FADING_MS)).toBeCloseTo(1, 3);
  });
});

describe.each<BalanceName>(["least-load", "p2c", "peak-ewma"])("%s", (balance) => {
  it.each([1, 2])(
    "spreads over idle servers in proportion to what they say is free, with %i acceptors",
    (acceptors) => {
      const servers = [{ announced: 0 }, { announced: 0.5 }, { announced: 0.75 }];
      const counts = tally(view(balance, servers, { acceptors }), 16_000);
      // All scores are equal, so the draw alone decides.
      expect(chiSquare(counts, [4, 2, 1])).toBeLessThan(fairBound(3));
    },
  );

  it("takes the server that says it is loaded less, of two with the same outstanding", () => {
    const same = { outstanding: 4, latencyMs: 10 };
    const counts = tally(view(balance, [{ ...same, announced: 0.9 }, same]), 500);
    expect(counts).toEqual([0, 500]);
  });
});
