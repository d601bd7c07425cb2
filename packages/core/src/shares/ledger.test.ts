import { describe, expect, test } from "vitest";
import type { ShareReport } from "../contract/messages.ts";
import { grantsBefore, LEASE_SURELY_ENDED_MS } from "./lease.ts";
import { Ledger } from "./ledger.ts";

const LIMITS = new Map([["gold", 10]]);
const FIRST = grantsBefore(7) + 1;

function says(outstanding: number, share: number, granted: number, refused = 0): ShareReport {
  return { shares: [{ limited: "gold", outstanding, share, refused }], granted };
}

/** The shares of "gold" in what is published now. */
function published(ledger: Ledger, now: number): Record<string, number | undefined> | undefined {
  const grants = ledger.next(LIMITS, now)?.grants;
  return grants && Object.fromEntries(Object.entries(grants).map(([id, { shares }]) => [id, shares.gold]));
}

describe("Ledger of a new leader", () => {
  test("confirms what acceptors say that they have, and raises nobody before all leases have ended", () => {
    const ledger = new Ledger(7, 0);
    ledger.heard("a", 1, says(4, 4, 3, 50), 10);
    ledger.heard("b", 1, says(0, 1, 3), 10);
    const grants = ledger.next(LIMITS, 100);
    expect(grants).toMatchObject({ seq: FIRST, confirms: true });
    expect(grants?.grants).toEqual({
      a: { basedOn: 1, shares: { gold: 4 } },
      b: { basedOn: 1, shares: { gold: 1 } },
    });
    ledger.heard("a", 2, says(4, 4, FIRST, 50), 2_000);
    ledger.heard("b", 2, says(0, 1, FIRST), 2_000);
    expect(published(ledger, LEASE_SURELY_ENDED_MS - 1)).toEqual({ a: 4, b: 1 });
    expect(published(ledger, LEASE_SURELY_ENDED_MS)).toEqual({ a: 9, b: 1 });
  });

  test("goes by the share that an acceptor works by, where a confirmation raised it less than it says", () => {
    const ledger = new Ledger(7, 0);
    // Reports of different moments: the former leader had taken two from a and given them to b.
    ledger.heard("a", 1, says(5, 5, 3, 50), 10);
    ledger.heard("b", 1, says(7, 7, 4, 50), 10);
    expect(published(ledger, 100)).toEqual({ a: 5, b: 5 });
    ledger.heard("a", 2, says(3, 3, FIRST, 50), 2_000);
    ledger.heard("b", 2, says(7, 5, FIRST, 50), 2_000);
    expect(published(ledger, LEASE_SURELY_ENDED_MS)).toEqual({ a: 3, b: 5 });
  });

  test("raises nobody while one that it hears works by a grant that it does not know", () => {
    const ledger = new Ledger(7, 0);
    ledger.heard("a", 1, says(0, 2, 3), 10);
    ledger.heard("b", 1, says(2, 2, 3, 50), 10);
    ledger.next(LIMITS, 100);
    ledger.heard("a", 2, says(0, 2, 3), 2_000);
    ledger.heard("b", 2, says(2, 2, FIRST, 50), 2_000);
    expect(published(ledger, LEASE_SURELY_ENDED_MS)?.b).toBe(2);
    ledger.heard("a", 3, says(0, 0, FIRST + 1), 2_200);
    expect(published(ledger, 2_300)?.b).toBeGreaterThan(2);
  });

  test("starts over above the term of grants that it finds in force", () => {
    const ledger = new Ledger(0, 0);
    ledger.heard("a", 1, says(4, 4, FIRST), 10);
    expect(ledger.next(LIMITS, 100)).toMatchObject({ seq: grantsBefore(8) + 1, confirms: true });
  });
});

/** A leader that has settled, with two acceptors that have five each. */
function settled(): { ledger: Ledger; seq: number } {
  const ledger = new Ledger(7, 0);
  const now = LEASE_SURELY_ENDED_MS;
  for (const id of ["a", "b"]) ledger.heard(id, 1, says(5, 0, 0), now);
  const seq = ledger.next(LIMITS, now)?.seq ?? 0;
  for (const id of ["a", "b"]) ledger.heard(id, 2, says(5, 5, seq), now + 100);
  return { ledger, seq };
}

describe("Ledger", () => {
  test("gives on what a share lost only when its holder works by the smaller one, with no more outstanding", () => {
    const { ledger, seq } = settled();
    const now = LEASE_SURELY_ENDED_MS;
    // Demand of a is forgotten by and by; b wants all that there is.
    for (let at = now + 200; at <= now + 6_000; at += 200) {
      ledger.heard("a", at, says(at < now + 5_000 ? 3 : 0, 5, seq), at);
      ledger.heard("b", at, says(5, 5, seq, 50), at);
      expect(published(ledger, at)?.b ?? 5).toBe(5);
    }
    const grants = ledger.next(LIMITS, now + 6_500);
    const [left = 0, last = 0] = [grants?.grants.a?.shares.gold, grants?.seq];
    expect(left).toBeLessThan(5);
    ledger.heard("a", 100_000, says(left + 1, left, last), now + 6_600);
    ledger.heard("b", 99_999, says(5, 5, last, 50), now + 6_600);
    expect(published(ledger, now + 7_100)?.b).toBe(10 - left - 1);
    ledger.heard("a", 100_001, says(left, left, last), now + 7_200);
    ledger.heard("b", 100_000, says(5, 5, last, 50), now + 7_200);
    expect(published(ledger, now + 7_200)?.b).toBe(10 - left);
  });

  test("counts what an acceptor had outstanding that fell silent, and gives its share to others", () => {
    const { ledger, seq } = settled();
    const now = LEASE_SURELY_ENDED_MS + 100 + LEASE_SURELY_ENDED_MS;
    ledger.heard("b", 3, says(5, 5, seq, 50), now - 100);
    expect(published(ledger, now - 1)?.b).toBe(5);
    expect(ledger.exceeded).toBe(0);
    expect(published(ledger, now)).toEqual({ b: 10 });
    expect(ledger.exceeded).toBe(5);
  });

  test("frees the share of one that has stopped at once", () => {
    const { ledger } = settled();
    ledger.left("a");
    expect(published(ledger, LEASE_SURELY_ENDED_MS + 200)).toEqual({ b: 10 });
    expect(ledger.exceeded).toBe(0);
  });

  test("passes over a report that a later one has overtaken, unless the acceptor began anew", () => {
    const { ledger, seq } = settled();
    const now = LEASE_SURELY_ENDED_MS + 150;
    ledger.heard("a", 1, says(0, 5, seq, 50), now);
    expect(published(ledger, now)).toBeUndefined();
    ledger.joined("a");
    ledger.heard("a", 1, says(0, 5, seq), now);
    ledger.heard("b", 3, says(5, 5, seq, 50), now);
    expect(published(ledger, now + 2_000)).toBeDefined();
  });

  test("says nothing while nothing is limited, and renews leases twice a second while something is", () => {
    const { ledger } = settled();
    const now = LEASE_SURELY_ENDED_MS;
    expect(published(ledger, now + 499)).toBeUndefined();
    expect(published(ledger, now + 500)).toEqual({ a: 5, b: 5 });
    expect(new Ledger(7, 0).next(new Map(), 5_000)).toBeUndefined();
  });

  test("takes back what was granted of a limit that is there no more", () => {
    const { ledger } = settled();
    const grants = ledger.next(new Map(), LEASE_SURELY_ENDED_MS + 200);
    expect(grants?.grants.a?.shares).toEqual({});
  });
});
