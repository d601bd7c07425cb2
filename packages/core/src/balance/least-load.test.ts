import { describe, expect, it } from "vitest";
import { leastLoadScore } from "./least-load.ts";
import { averageReported, REPORT_TRUSTED_MS } from "./load.ts";
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

  it("does not herd to the minimum of the table when it is one of many acceptors and has nothing itself", () => {
    const servers = [{ reported: 0 }, { reported: 1 }, { reported: 2 }, { reported: 3 }];
    const counts = tally(view("least-load", servers, { acceptors: 40 }), 24_000);
    // Of 4 servers the k-th lowest wins the pairs that it forms with the 4 - k above it, of 6 pairs
    expect(counts[3]).toBe(0);
    expect(chiSquare(counts.slice(0, 3), [3, 2, 1])).toBeLessThan(fairBound(3));
  });

  it("spreads requests over idle servers in proportion to their weights", () => {
    const idle = view("least-load", [{ weight: 1 }, { weight: 2 }, { weight: 5 }]);
    expect(chiSquare(tally(idle, 16_000), [1, 2, 5])).toBeLessThan(fairBound(3));
    expect(chiSquare(tally({ ...idle, acceptors: 2 }, 16_000), [1, 2, 5])).toBeLessThan(fairBound(3));
  });

  it("corrects its own share of what is uneven among the others, and no more", () => {
    // 4 of 16 outstanding are its own, so it makes up for a quarter of the difference of 12.
    const others = [{ reportedAverage: 0 }, { reportedAverage: 12 }];
    const at = (a: number, b: number) =>
      tally(
        view(
          "least-load",
          [
            { outstanding: a, ...others[0] },
            { outstanding: b, ...others[1] },
          ],
          { acceptors: 4 },
        ),
        50,
      );
    expect(at(3, 1)).toEqual([50, 0]);
    expect(at(4, 0)).toEqual([0, 50]);
  });

  it("does not go by an average that nobody has renewed", () => {
    const old = { reportedAverage: 90, reportedAgeMs: REPORT_TRUSTED_MS + 1 };
    const servers = [{ outstanding: 1, ...old }, { outstanding: 2 }];
    expect(tally(view("least-load", servers, { acceptors: 4 }), 50)).toEqual([50, 0]);
  });

  it("lets chance of half a request keep many acceptors from rounding alike", () => {
    const at = (acceptors: number) =>
      tally(
        view("least-load", [{ outstanding: 3 }, { outstanding: 3, reportedAverage: 10 }], { acceptors }),
        400,
      );
    expect(at(16)).toEqual([400, 0]);
    // Its share is 7 of 17, so the second looks fuller by 4.1 requests: far beyond chance.
    expect(at(17)).toEqual([400, 0]);
    const near = [{ outstanding: 3 }, { outstanding: 3, reportedAverage: 0.2 }];
    expect(tally(view("least-load", near, { acceptors: 16 }), 400)).toEqual([400, 0]);
    expect(Math.min(...tally(view("least-load", near, { acceptors: 17 }), 400))).toBeGreaterThan(50);
  });
});

describe("averageReported()", () => {
  it("follows what is reported within about a second, and takes the first report as it is", () => {
    expect(averageReported(0, 10, Number.POSITIVE_INFINITY)).toBe(10);
    expect(averageReported(10, 0, 1_000)).toBeCloseTo(10 / Math.E, 9);
    let average = 0;
    for (let i = 0; i < 10; i++) average = averageReported(average, 10, 100);
    expect(average).toBeCloseTo(10 * (1 - 1 / Math.E), 9);
  });
});
