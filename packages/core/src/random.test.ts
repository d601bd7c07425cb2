import { describe, expect, it } from "vitest";
import { chiSquare, fairBound } from "./balance/test-view.ts";
import { below, draw, fraction, mix32, SeedSequence } from "./random.ts";

describe("draw()", () => {
  it("gives the same number for the same seed and index", () => {
    expect(draw(7, 3)).toBe(draw(7, 3));
  });

  it("stays within 32 bits without a sign, whatever the seed", () => {
    for (const seed of [0, 1, 0x7fffffff, 0x80000000, 0xffffffff]) {
      for (let i = 0; i < 8; i++) {
        expect(Number.isInteger(draw(seed, i))).toBe(true);
        expect(draw(seed, i)).toBeGreaterThanOrEqual(0);
        expect(draw(seed, i)).toBeLessThan(2 ** 32);
      }
    }
  });

  it("spreads the first draws of neighbouring seeds evenly over 64 cells", () => {
    const cells = new Array<number>(64).fill(0);
    for (let seed = 0; seed < 64_000; seed++) count(cells, below(draw(seed, 0), 64));
    expect(
      chiSquare(
        cells,
        cells.map(() => 1),
      ),
    ).toBeLessThan(fairBound(64));
  });

  it("makes the second draw of a seed independent of the first", () => {
    const pairs = new Array<number>(64).fill(0);
    for (let seed = 0; seed < 64_000; seed++)
      count(pairs, below(draw(seed, 0), 8) * 8 + below(draw(seed, 1), 8));
    expect(
      chiSquare(
        pairs,
        pairs.map(() => 1),
      ),
    ).toBeLessThan(fairBound(64));
  });
});

describe("mix32()", () => {
  it("flips each output bit with a probability near one half when one input bit flips", () => {
    const flips = new Array<number>(32).fill(0);
    for (let value = 0; value < 2_000; value++) {
      for (let bit = 0; bit < 32; bit++) {
        const changed = mix32(value * 2_147_483) ^ mix32((value * 2_147_483) ^ (1 << bit));
        for (let out = 0; out < 32; out++) flips[out] = (flips[out] as number) + ((changed >>> out) & 1);
      }
    }
    for (const flipped of flips) expect(flipped / 64_000).toBeCloseTo(0.5, 1);
  });
});

describe("below()", () => {
  it("reaches the last index and never the count", () => {
    expect(below(0, 10)).toBe(0);
    expect(below(0xffffffff, 10)).toBe(9);
    expect(below(0xffffffff, 1)).toBe(0);
  });
});

describe("fraction()", () => {
  it("is never 1", () => {
    expect(fraction(0xffffffff)).toBeLessThan(1);
  });
});

describe("SeedSequence", () => {
  it("repeats itself from the same start and differs from another", () => {
    const take = (start: number) => {
      const seeds = new SeedSequence(start);
      return [seeds.next(), seeds.next(), seeds.next()];
    };
    expect(take(5)).toEqual(take(5));
    expect(take(5)).not.toEqual(take(6));
  });

  it("has no seed twice among the first hundred thousand", () => {
    const seeds = new SeedSequence(1);
    const seen = new Set<number>();
    for (let i = 0; i < 100_000; i++) seen.add(seeds.next());
    expect(seen.size).toBe(100_000);
  });
});

function count(cells: number[], index: number): void {
  cells[index] = (cells[index] as number) + 1;
}
