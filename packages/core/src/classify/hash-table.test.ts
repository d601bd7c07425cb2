import { expect, test } from "vitest";
import { HashTable } from "./hash-table.ts";

test("HashTable finds each entry by its hash and nothing by another, however many there are", () => {
  const table = new HashTable<{ readonly hash: number }>();
  const hashes = Array.from({ length: 1_000 }, (_, n) => Math.imul(n, 65_537) | 0);
  for (const hash of hashes) table.set({ hash });
  expect(hashes.map((hash) => table.find(hash)?.hash)).toEqual(hashes);
  expect(hashes.map((hash) => table.find(hash + 1))).toEqual(hashes.map(() => undefined));
});

test("HashTable keeps the later of two entries with the same hash", () => {
  const table = new HashTable<{ readonly hash: number; readonly name: string }>();
  for (const name of ["first", "second"]) table.set({ hash: -1, name });
  expect(table.find(-1)?.name).toBe("second");
});
