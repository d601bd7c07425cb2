import type { SharePublication } from "@shunt/core";
import { UNBOUNDED } from "@shunt/core";
import { expect, test } from "vitest";
import { type Share, Shares } from "./shares.ts";

const LEASE_MS = 2_000;
const POOL = {
  name: "gold",
  servers: [{ name: "g1", limit: { outstanding: 10, scope: "cluster" } }],
} as const;

function limited(): { shares: Shares; share: Share } {
  const shares = new Shares("a1");
  shares.adopt([POOL]);
  return { shares, share: shares.of("gold/g1") };
}

function grants(seq: number, basedOn: number, share: number, confirms = false): SharePublication {
  const shares = { "gold/g1": share };
  return { kind: "shares", seq, confirms, leaseMs: LEASE_MS, grants: { a1: { basedOn, shares } } };
}

test("Shares allows nothing before the first grant, and everything where nothing is limited", () => {
  const { shares, share } = limited();
  expect([share.room, shares.of("general/s1").room]).toEqual([0, UNBOUNDED]);
});

test("Shares ends a lease by when the report was sent that the grant answers, not by when the grant came", () => {
  const { shares, share } = limited();
  shares.report(1, 1_000);
  shares.apply(grants(5, 1, 3), 2_500);
  expect(share.room).toBe(3);
  shares.expire(2_999);
  expect(share.room).toBe(3);
  shares.expire(3_000);
  expect(share.room).toBe(0);
  expect(shares.report(2, 3_000)).toEqual({
    shares: [{ limited: "gold/g1", outstanding: 0, share: 0, refused: 0 }],
    granted: 6,
  });
});

test("Shares takes no grant that answers a report which it did not send, or that is older than the last", () => {
  const { shares, share } = limited();
  shares.report(1, 0);
  shares.apply(grants(5, 77, 3), 10);
  expect(share.room).toBe(0);
  shares.apply(grants(7, 1, 2), 10);
  shares.apply(grants(6, 1, 9), 10);
  expect(share.room).toBe(2);
});

test("Shares is raised by no confirmation, and keeps what it has while one does not name it", () => {
  const { shares, share } = limited();
  shares.report(1, 0);
  shares.apply(grants(5, 1, 3), 10);
  shares.apply(grants(9, 1, 7, true), 20);
  expect(share.room).toBe(3);
  shares.apply({ ...grants(10, 1, 0, true), grants: {} }, 30);
  expect([share.room, shares.report(2, 40).granted]).toEqual([3, 9]);
  shares.apply({ ...grants(11, 1, 0), grants: {} }, 50);
  expect(share.room).toBe(0);
});

test("Shares counts what is outstanding before a limit is there, and limits it from then on", () => {
  const shares = new Shares("a1");
  shares.report(1, 0);
  shares.apply(grants(5, 1, 3), 10);
  const share = shares.of("gold/g1");
  share.outstanding = 2;
  expect(share.room).toBeGreaterThan(1_000);
  shares.adopt([POOL]);
  expect(share.room).toBe(1);
  shares.adopt([{ name: "gold", servers: [{ name: "g1" }] }]);
  expect(share.room).toBeGreaterThan(1_000);
});

test("Shares tells what it kept away since the last report, and what it refused ever", () => {
  const { shares, share } = limited();
  share.refuse();
  share.passOver();
  const told = (): number | undefined => shares.report(1, 0).shares[0]?.refused;
  expect([told(), told()]).toEqual([2, 0]);
  expect(shares.refusedEver).toEqual({ "gold/g1": 1 });
});
