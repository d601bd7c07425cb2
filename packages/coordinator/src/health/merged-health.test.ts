import { DEFAULT_HEALTH, type ResolvedPool } from "@shunt/core";
import { expect, test } from "vitest";
import type { LoadTable } from "../load/aggregate.ts";
import { testConfig } from "../test-config.ts";
import { mergedHealth } from "./merged-health.ts";

const [plain] = testConfig("/nowhere").pools as [ResolvedPool];
const checkedPool: ResolvedPool = {
  ...plain,
  health: {
    ...DEFAULT_HEALTH,
    active: {
      check: { kind: "tcp" },
      port: 0,
      intervalMs: 1,
      jitterPercent: 0,
      timeoutMs: 1,
      rise: 1,
      fall: 1,
    },
  },
};

/** What acceptors report of gold/g1: the reason for which each has ejected it. */
function tables(...reasons: (string | undefined)[]): LoadTable[] {
  return reasons.map((ejectedFor) => {
    const load = { server: "gold/g1", ejected: ejectedFor !== undefined, ejectedFor };
    return new Map([["gold/g1", load]]) as unknown as LoadTable;
  });
}

const DOWN = { server: "gold/g1", healthy: false, reason: "3 checks in a row failed: status 503" };

test("mergedHealth() is ok without reasons when nobody finds anything", () => {
  expect(mergedHealth("gold/g1", plain, undefined, tables(undefined, undefined))).toEqual({
    health: "ok",
    reasons: [],
    share: 1,
  });
  expect(mergedHealth("gold/g1", plain, undefined, []).health).toBe("ok");
});

test("mergedHealth() says by how many acceptors a server is ejected, and what for", () => {
  expect(mergedHealth("gold/g1", plain, undefined, tables("slow", undefined, "slow", "errors"))).toEqual({
    health: "ejected by 3 of 4 acceptors",
    reasons: ["ejected by 2 acceptors: slow", "ejected by 1 acceptor: errors"],
    share: 0.25,
  });
  expect(mergedHealth("gold/g1", plain, undefined, tables("slow")).health).toBe("ejected");
});

test("mergedHealth() puts what checks find before what acceptors find, and gives both reasons", () => {
  expect(mergedHealth("gold/g1", checkedPool, DOWN, tables("slow", undefined))).toEqual({
    health: "unhealthy",
    reasons: [DOWN.reason, "ejected by 1 acceptor: slow"],
    share: 0,
  });
});

test("mergedHealth() does not go by checks that its pool does not ask for any more", () => {
  expect(mergedHealth("gold/g1", plain, DOWN, tables(undefined)).health).toBe("ok");
});

test("mergedHealth() tells a bounded number of reasons", () => {
  const many = tables(...Array.from({ length: 50 }, (_, i) => `${i} of 100 requests`));
  expect(mergedHealth("gold/g1", plain, undefined, many).reasons).toHaveLength(4);
});
