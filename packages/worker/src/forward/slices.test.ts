import { SeedSequence } from "@shunt/core";
import { expect, test } from "vitest";
import { copyWithout, keptLength } from "./slices.ts";

const SOURCE = Buffer.from("0123456789abcdefghijklmnopqrstuvwxyz");

/** What is left of SOURCE between two offsets, octet by octet. */
function left(from: number, to: number, drops: readonly (readonly [number, number])[]): string {
  return Array.from(SOURCE.toString())
    .filter((_, i) => i >= from && i < to && !drops.some(([at, length]) => i >= at && i < at + length))
    .join("");
}

/** The same, by the function. Ranges count from `base` octets before the start of SOURCE. */
function copied(
  from: number,
  to: number,
  drops: readonly (readonly [number, number])[],
  base: number,
): string {
  const ranges = Int32Array.from(drops.flatMap(([at, length]) => [at + base, length]));
  const out = Buffer.alloc(SOURCE.length + 3, "#");
  const end = copyWithout(SOURCE, from, to, base, ranges, drops.length, out, 3);
  expect(out.toString("latin1", 0, 3)).toBe("###");
  expect(out.subarray(end).every((octet) => octet === 0x23)).toBe(true);
  return out.toString("latin1", 3, end);
}

test.each([
  ["none", []],
  ["at the start", [[0, 3]]],
  ["at the end", [[30, 6]]],
  ["of everything", [[0, 36]]],
  [
    "several",
    [
      [0, 1],
      [5, 2],
      [35, 1],
    ],
  ],
] as const)("copyWithout() leaves out ranges: %s", (_, drops) => {
  expect(copied(0, SOURCE.length, drops, 0)).toBe(left(0, SOURCE.length, drops));
  const ranges = Int32Array.from(drops.flat());
  expect(keptLength(SOURCE.length, ranges, drops.length)).toBe(left(0, SOURCE.length, drops).length);
});

test("copyWithout() agrees with leaving out octet by octet, for 2,000 random cuts between ranges", () => {
  const seeds = new SeedSequence(7);
  for (let i = 0; i < 2_000; i++) {
    const drops: [number, number][] = [];
    for (let at = seeds.next() % 6; at < SOURCE.length; at += 1 + (seeds.next() % 8)) {
      const length = Math.min(1 + (seeds.next() % 5), SOURCE.length - at);
      drops.push([at, length]);
      at += length;
    }
    // A cut never goes through a range: heads are cut at their ends and at the target.
    const cuts = [0, SOURCE.length, ...drops.flatMap(([at, length]) => [at, at + length])].sort(
      (a, b) => a - b,
    );
    const from = cuts[seeds.next() % cuts.length] as number;
    const to = Math.max(from, cuts[seeds.next() % cuts.length] as number);
    expect(copied(from, to, drops, seeds.next() % 100)).toBe(left(from, to, drops));
  }
});
