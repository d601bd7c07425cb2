import { beforeEach, expect, test } from "vitest";
import { LEASE_MS, Lease } from "./lease.ts";

let now: number;
let lease: Lease;

beforeEach(() => {
  now = 10_000;
  lease = new Lease(() => now);
});

test("Lease stands by until it is taken, and has led no term", () => {
  expect([lease.state, lease.leads, lease.term]).toEqual(["standing-by", false, 0]);
  expect(lease.expire()).toBe(false);
});

test("Lease leads for its length from when it was asked for, and not from the answer", () => {
  const askedAt = now;
  now += 400;
  expect(lease.take(7, askedAt)).toBe(true);
  now = askedAt + LEASE_MS - 1;
  expect([lease.leads, lease.term, lease.remainingMs]).toEqual([true, 7, 1]);
  now += 1;
  expect([lease.leads, lease.state]).toEqual([false, "leading"]);
  expect(lease.expire()).toBe(true);
  expect([lease.state, lease.term]).toEqual(["standing-by", 7]);
});

test("Lease is not taken by an answer that comes when it has ended", () => {
  const askedAt = now;
  now += LEASE_MS;
  expect(lease.take(7, askedAt)).toBe(false);
  expect(lease.leads).toBe(false);
});

test("Lease.renew() counts from when the renewal was sent", () => {
  lease.take(1, now);
  const sentAt = now + 500;
  now += 900;
  lease.renew(1, sentAt);
  now = sentAt + LEASE_MS - 1;
  expect(lease.leads).toBe(true);
  now += 1;
  expect(lease.leads).toBe(false);
});

test("Lease.renew() never shortens what a later renewal has brought", () => {
  lease.take(1, now);
  lease.renew(1, now + 500);
  lease.renew(1, now);
  expect(lease.remainingMs).toBe(LEASE_MS + 500);
});

test("Lease.renew() brings nothing back: not what has ended, and not another term", () => {
  const start = now;
  lease.take(1, start);
  lease.renew(2, start + 500);
  now = start + LEASE_MS;
  // Asked for in time, answered too late.
  lease.renew(1, start + 1_000);
  expect(lease.leads).toBe(false);
});

test("Lease.expire() is true once, and not for a lease that was given up", () => {
  lease.take(1, now);
  expect(lease.expire()).toBe(false);
  now += LEASE_MS;
  expect([lease.expire(), lease.expire()]).toEqual([true, false]);
  lease.take(2, now);
  lease.end();
  now += LEASE_MS;
  expect([lease.leads, lease.expire()]).toEqual([false, false]);
});
