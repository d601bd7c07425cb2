import { describe, expect, it } from "vitest";
import {
  ineligibility,
  isEligible,
  NOBODY_TRIED,
  poolHasRoom,
  poolObstacle,
  poolOutstanding,
  poolRefusal,
} from "./eligibility.ts";
import { view } from "./test-view.ts";

describe("isEligible()", () => {
  it("agrees with ineligibility() on every reason", () => {
    const servers = [{}, { ready: false }, { outstanding: 10 }, { outstanding: 9 }, {}];
    const pool = view("p2c", servers, { outstandingPerServer: 10 });
    const tried = [4];
    const reasons = servers.map((_, i) => ineligibility(pool, i, tried));
    expect(reasons).toEqual([undefined, "not-ready", "at-its-limit", undefined, "tried-already"]);
    expect(servers.map((_, i) => isEligible(pool, i, tried))).toEqual(reasons.map((r) => r === undefined));
  });

  it("holds the limit of the server itself beside that of all, and its share of the cluster's", () => {
    const servers = [
      { outstanding: 3, limit: 3 },
      { outstanding: 2, limit: 3 },
      { room: 0 },
      { room: -1 },
      { room: 1 },
    ];
    const pool = view("p2c", servers, { outstandingPerServer: 10 });
    const reasons = servers.map((_, i) => ineligibility(pool, i, NOBODY_TRIED));
    expect(reasons).toEqual(["at-its-limit", undefined, "at-its-share", "at-its-share", undefined]);
    expect(servers.map((_, i) => isEligible(pool, i, NOBODY_TRIED))).toEqual(
      reasons.map((reason) => reason === undefined),
    );
  });

  it("is false for an index without a candidate", () => {
    const pool = view("p2c", [{}]);
    expect(isEligible(pool, -1, NOBODY_TRIED)).toBe(false);
    expect(isEligible(pool, 1, NOBODY_TRIED)).toBe(false);
  });
});

describe("poolHasRoom()", () => {
  it("counts what is outstanding at servers that are no longer ready", () => {
    const pool = view("p2c", [{ outstanding: 3 }, { outstanding: 4, ready: false }], { outstandingLimit: 7 });
    expect(poolOutstanding(pool)).toBe(7);
    expect(poolHasRoom(pool)).toBe(false);
    expect(poolHasRoom({ ...pool, outstandingLimit: 8 })).toBe(true);
  });

  it("is false while the share of a limit of the cluster is used up, and says which of the two it is", () => {
    const servers = [{ outstanding: 3 }];
    const obstacles = [
      view("p2c", servers, { room: 1 }),
      view("p2c", servers, { room: 0 }),
      view("p2c", servers, { room: 0, outstandingLimit: 3 }),
    ].map((pool) => [poolHasRoom(pool), poolObstacle(pool)]);
    expect(obstacles).toEqual([
      [true, undefined],
      [false, "pool-at-its-share"],
      [false, "pool-at-its-limit"],
    ]);
  });

  it("takes a limit of 0 for none", () => {
    expect(poolHasRoom(view("p2c", [{ outstanding: 999 }], { outstandingLimit: 0 }))).toBe(true);
  });
});

describe("poolRefusal()", () => {
  it("says what is in the way of the server that comes nearest to taking the request", () => {
    const full = { outstanding: 10 };
    const spent = { room: 0 };
    const away = { ready: false };
    const reasonOf = (servers: object[], tried: readonly number[] = NOBODY_TRIED): string =>
      poolRefusal(view("p2c", servers, { outstandingPerServer: 10 }), tried);
    expect(reasonOf([away, away])).toBe("not-ready");
    expect(reasonOf([away, full])).toBe("at-its-limit");
    expect(reasonOf([full, spent, away])).toBe("at-its-share");
    expect(reasonOf([spent, {}], [1])).toBe("tried-already");
    expect(reasonOf([])).toBe("no-servers");
  });

  it("says first what is in the way of the pool as a whole", () => {
    const pool = view("p2c", [{ outstanding: 7 }], { outstandingLimit: 7 });
    expect(poolRefusal(pool, NOBODY_TRIED)).toBe("pool-at-its-limit");
    expect(poolRefusal({ ...pool, outstandingLimit: 0, room: 0 }, NOBODY_TRIED)).toBe("pool-at-its-share");
  });
});
