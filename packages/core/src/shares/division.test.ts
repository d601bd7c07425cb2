import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Claimant, divide, lowered } from "./division.ts";

function claimant(share: number, demand: number, changes: Partial<Claimant> = {}): Claimant {
  return { share, demand, leaving: false, since: 0, ...changes };
}

const NO_TURNS = -1;
const claimants = fc.array(
  fc
    .record({ share: fc.nat(20), demand: fc.nat(30), leaving: fc.boolean(), since: fc.nat(100) })
    .map((each): Claimant => each),
  { minLength: 1, maxLength: 12 },
);
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** Divides until nothing moves any more, as one division after the other does. */
function settled(limit: number, those: readonly Claimant[]): number[] {
  let shares = those.map(({ share }) => share);
  for (let round = 0; round < 50; round++) {
    const next = divide(
      limit,
      those.map((each, i) => ({ ...each, share: shares[i] as number })),
      NO_TURNS,
    );
    if (next.join() === shares.join()) return shares;
    shares = next;
  }
  throw new Error("it does not settle");
}

describe("divide()", () => {
  test("never gives more than the limit, and nothing below nothing", () => {
    fc.assert(
      fc.property(fc.nat(60), claimants, (limit, those) => {
        const shares = divide(limit, those, 50);
        expect(sum(shares)).toBeLessThanOrEqual(limit);
        expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
        expect(shares.every(Number.isSafeInteger)).toBe(true);
      }),
    );
  });

  test("comes to rest, with nobody in want while another has what it does not use", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), claimants, (limit, those) => {
        const shares = settled(limit, those);
        const least = those.filter(({ leaving }) => !leaving).length <= limit ? 1 : 0;
        const wants = those.map(({ demand, leaving }) => (leaving ? demand : Math.max(least, demand)));
        const isInWant = shares.some(
          (share, i) => !those[i]?.leaving && share < Math.min(limit, wants[i] as number),
        );
        if (isInWant) expect(shares.every((share, i) => share <= Math.max(1, wants[i] as number))).toBe(true);
      }),
    );
  });

  test("gives those who want more than there is equal shares, give or take one", () => {
    expect(
      settled(
        10,
        [0, 0, 10, 0, 0, 0].map((share) => claimant(share, 10)),
      ).toSorted(),
    ).toEqual([1, 1, 2, 2, 2, 2]);
    expect(settled(9, [claimant(5, 50), claimant(0, 1), claimant(4, 50)])).toEqual([4, 1, 4]);
  });

  test("leaves what nobody wants where it is, and spreads what is free", () => {
    expect(divide(10, [claimant(7, 0), claimant(3, 0)], NO_TURNS)).toEqual([7, 3]);
    expect(divide(10, [claimant(0, 0), claimant(0, 0)], NO_TURNS)).toEqual([5, 5]);
  });

  test("gives one that leaves nothing beyond what it has outstanding", () => {
    expect(divide(10, [claimant(6, 2, { leaving: true }), claimant(4, 4)], NO_TURNS)).toEqual([2, 8]);
  });

  test("hands on the share of whoever has had one for long to whoever has waited longest, and of nobody else", () => {
    const had = claimant(1, 5, { since: 10 });
    const waits = claimant(0, 5, { since: 20 });
    const waitsLonger = claimant(0, 5, { since: 5 });
    expect(divide(1, [had, waits, waitsLonger], 9)).toEqual([1, 0, 0]);
    expect(divide(1, [had, waits, waitsLonger], 10)).toEqual([0, 0, 1]);
  });

  test("gives a million to a thousand in one go or a few", () => {
    const many = Array.from({ length: 1_000 }, () => claimant(0, 5_000));
    const shares = divide(1_000_000, many, NO_TURNS);
    expect(sum(shares)).toBeGreaterThan(900_000);
    expect(Math.max(...shares)).toBeLessThanOrEqual(5_000);
  });
});

test("lowered() cuts off at one level, and only where there is too much", () => {
  expect(lowered([5, 3], 8)).toEqual([5, 3]);
  expect(lowered([9, 3, 1], 8)).toEqual([4, 3, 1]);
});
