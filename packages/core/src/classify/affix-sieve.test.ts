import { expect, test } from "vitest";
import { AffixSieve } from "./affix-sieve.ts";
import { codeFromEnd, codeFromStart } from "./telling-places.ts";

const numbers = Array.from({ length: 1_000 }, (_, n) => n);

test("AffixSieve lets through what begins with one of its texts, and holds back what begins otherwise", () => {
  const sieve = new AffixSieve(
    numbers.map((n) => (n % 2 === 0 ? `/report-${n}/` : `/signup-${n}/`)),
    codeFromStart,
  );
  expect(numbers.every((n) => sieve.letsThrough(`${n % 2 === 0 ? "/report-" : "/signup-"}${n}/x`))).toBe(
    true,
  );
  expect(numbers.filter((n) => sieve.letsThrough(`/orders-${n}/x`)).length).toBeLessThan(100);
  expect(["", "/", "/report-"].map((value) => sieve.letsThrough(value))).toEqual([false, false, false]);
});

test("AffixSieve counts from the end where texts are ends", () => {
  const sieve = new AffixSieve(
    numbers.map((n) => `-${n}.example`),
    codeFromEnd,
  );
  expect(numbers.every((n) => sieve.letsThrough(`site-${n}.example`))).toBe(true);
  expect(["site-x.example", "site-ab.example"].map((value) => sieve.letsThrough(value))).toEqual([
    false,
    false,
  ]);
});
