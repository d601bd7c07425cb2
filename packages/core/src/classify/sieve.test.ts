import { expect, test } from "vitest";
import { Sieve } from "./sieve.ts";

test.each([1, 40, 1_000])("Sieve lets through all of its %i hashes and few others", (count) => {
  const hashes = Array.from({ length: count }, (_, n) => Math.imul(n + 1, 0x0100_0193));
  const sieve = new Sieve(hashes);
  expect(hashes.every((hash) => sieve.letsThrough(hash))).toBe(true);
  const others = hashes.map((hash) => hash ^ 0x5555);
  expect(others.filter((hash) => sieve.letsThrough(hash)).length).toBeLessThanOrEqual(count / 5);
});
