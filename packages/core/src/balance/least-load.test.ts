import { describe, expect, it } from "vitest";
import { leastLoadScore } from "./least-load.ts";
import { REPORT_TRUSTED_MS } from "./load.ts";
import { candidate, chiSquare, fairBound, tally, view } from "./test-view.ts";

describe("leastLoadScore()", () => {
  it("adds what other acceptors have outstanding, per weight", () => {
    expect(leastLoadScore(candidate({ outstanding: 2, reported: 4, weight: 3 }))).toBe(2);
  });

  it("lets a report fade by the server's answer time: slow answers are still outstanding, quick ones are not", () => {
    const at = (latencyMs: number) =>
      leastLoadScore(candidate({ outstanding: 2, reported: 10, reportedAgeMs: 50, latencyMs }));
    expect(at(10)).toBeCloseTo(2, 3);
    expect(at(200)).toBeCloseTo(2 + 10 / Math.E, 9);
    expect(at(60_000)).toBeCloseTo(12, 1);
  });

  it("forgets a report that is too old to be believed", () => {
    const at = (reportedAgeMs: number) =>
      leastLoadScore(candidate({ outstanding: 2, reported: 4, reportedAgeMs }));
    expect(at(REPORT_TRUSTED_MS)).toBe(6);
    expect(at(REPORT_TRUSTED_MS + 1)).toBe(2);
  });
});

describe("least-load", () => {
  it("always takes the least loaded when this acceptor is the only one", () => {
    const pool = view("least-load", [{ outstanding: 4 }, { outstanding: 1 }, { outstanding: 2 }]);
    expect(tally(pool, 500)).toEqual([0, 500, 0]);
  });

  it("weighs load by weight: three outstanding at weight 4 is less than one at weight 1", () => {
    const pool = view("least-load", [{ outstanding: 1 }, { outstanding: 3, weight: 4 }]);
    expect(tally(pool, 100)).toEqual([0, 100]);
  });

  it("does not herd to the minimum of the table when it is one of many acceptors", () => {
    const servers = [{ reported: 0 }, { reported: 1 }, { reported: 2 }, { reported: 3 }];
    const counts = tally(view("least-load", servers, { acceptors: 4 }), 24_000);
    // Of 4 servers the k-th lowest wins the pairs that it forms with the 4 - k above it, of 6 pairs
    expect(counts[3]).toBe(0);
    expect(chiSquare(counts.slice(0, 3), [3, 2, 1])).toBeLessThan(fairBound(3));
  });

  it("spreads requests over idle servers in proportion to their weights", () => {
    const idle = view("least-load", [{ weight: 1 }, { weight: 2 }, { weight: 5 }]);
    expect(chiSquare(tally(idle, 16_000), [1, 2, 5])).toBeLessThan(fairBound(3));
    expect(chiSquare(tally({ ...idle, acceptors: 2 }, 16_000), [1, 2, 5])).toBeLessThan(fairBound(3));
  });
});
