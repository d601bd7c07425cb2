import { describe, expect, it } from "vitest";
import type { BalanceName } from "../config/resolved.ts";
import { NOBODY_TRIED } from "./eligibility.ts";
import { explainPool } from "./explain.ts";
import { hash32 } from "./hash.ts";
import { choose } from "./picker.ts";
import { view } from "./test-view.ts";
import type { PoolView } from "./view.ts";

function why(pool: PoolView, seed = 1, tried: readonly number[] = NOBODY_TRIED): string {
  return explainPool("gold", pool, seed, hash32("ann"), tried).why;
}

describe("explainPool()", () => {
  it.each<BalanceName>(["least-load", "p2c", "peak-ewma", "round-robin", "hash"])(
    "names the server that choose() takes, with %s",
    (balance) => {
      const pool = view(balance, [{ outstanding: 1, latencyMs: 4 }, { outstanding: 2, latencyMs: 1 }, {}]);
      for (let seed = 0; seed < 50; seed++) {
        const told = explainPool("gold", pool, seed, seed + 1, NOBODY_TRIED);
        expect(told.server).toBe(choose(pool, seed, seed + 1, NOBODY_TRIED));
        expect(told.winner).toBe(pool.candidates[told.server]?.name);
        expect(told.why).toContain(JSON.stringify(told.winner));
      }
    },
  );

  it("is plain JSON that has every candidate's values and which were compared", () => {
    const pool = view("least-load", [{ outstanding: 1, reported: 3, weight: 2 }, { ready: false }]);
    const told = explainPool("gold", pool, 1, 0, NOBODY_TRIED);
    expect(JSON.parse(JSON.stringify(told))).toEqual(told);
    expect(told.candidates[0]).toEqual({
      name: "s1",
      weight: 2,
      announced: 0,
      effectiveWeight: 2,
      ready: true,
      ineligible: null,
      limit: 1_000,
      outstanding: 1,
      reported: 3,
      reportedAverage: 0,
      reportedAgeMs: 0,
      latencyMs: 0,
      score: 2,
      compared: true,
    });
    expect(told.candidates[1]).toMatchObject({ ineligible: "not-ready", compared: false });
  });

  it("tells the scores of the two that were drawn of many", () => {
    const pool = view("p2c", [{ outstanding: 3 }, { outstanding: 3, weight: 2 }, { ready: false }]);
    expect(why(pool)).toMatch(
      /^"s2" has the lowest score of the two servers drawn: ("s1" 3, "s2" 1.5|"s2" 1.5, "s1" 3) \(requests outstanding per weight, from this acceptor\)\.$/,
    );
  });

  it("names four of many scores and counts the rest", () => {
    const pool = view(
      "least-load",
      Array.from({ length: 30 }, (_, i) => ({ outstanding: i })),
    );
    expect(why(pool)).toContain(
      'lowest score of the 30 servers that take requests: "s1" 0, "s2" 1, "s3" 2, "s4" 3 and 26 more',
    );
  });

  it("gives each reason for which nobody takes the request", () => {
    const servers = [{ ready: false }, { outstanding: 10 }, {}];
    expect(why(view("hash", servers, { outstandingPerServer: 10 }), 1, [2])).toBe(
      'No server of pool "gold" takes the request: "s1" is not ready, ' +
        '"s2" has its limit of 10 requests outstanding, "s3" has had this request already.',
    );
    expect(why(view("p2c", []))).toBe('No server of pool "gold" takes the request: it has none.');
  });

  it("names the limit of a server itself, and shares of limits of the whole cluster", () => {
    expect(why(view("p2c", [{ outstanding: 2, limit: 2 }, { room: 0 }]))).toBe(
      'No server of pool "gold" takes the request: "s1" has its limit of 2 requests outstanding, ' +
        '"s2" has used up this acceptor\'s share of the limit that it has in the whole cluster.',
    );
    expect(why(view("p2c", [{}], { room: 0 }))).toBe(
      'Pool "gold" has used up this acceptor\'s share of the limit that it has in the whole cluster.',
    );
  });

  it("tells a pool at its limit from one without servers", () => {
    const pool = view("p2c", [{ outstanding: 5 }], { outstandingLimit: 5 });
    expect(why(pool)).toBe('Pool "gold" has 5 requests outstanding, and its limit is 5.');
  });

  it("says of a tie that the seed decided it, and of one server that it is the only one", () => {
    expect(why(view("least-load", [{}, {}]))).toContain("was picked by the seed among equals");
    expect(why(view("least-load", [{}, { ready: false }]))).toBe(
      '"s1" is the only server of pool "gold" that takes requests now.',
    );
  });

  it("says whose turn it is, and who stands in", () => {
    expect(why(view("round-robin", [{}, {}]))).toBe('It is the turn of "s1".');
    expect(why(view("round-robin", [{ ready: false }, {}]))).toBe(
      'The server whose turn it is takes no requests now, or is in its slow start; the seed gave the turn to "s2".',
    );
  });
});
