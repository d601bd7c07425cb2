import { describe, expect, it } from "vitest";
import { mix32 } from "../random.ts";
import { hash32, NO_AFFINITY } from "./hash.ts";
import { chiSquare, fairBound } from "./test-view.ts";

describe("hash32()", () => {
  it("is FNV-1a with its bits spread: the published values of FNV-1a, mixed", () => {
    expect(hash32("")).toBe(mix32(0x811c9dc5));
    expect(hash32("a")).toBe(mix32(0xe40c292c));
    expect(hash32("foobar")).toBe(mix32(0xbf9cf968));
  });

  it("keeps its values from version to version, for acceptors of two versions share clients", () => {
    expect(hash32("ann")).toBe(1918271346);
  });

  it("is not NO_AFFINITY for a text whose FNV-1a is zero", () => {
    expect(hash32("828caa\ua208")).toBe(1);
    expect(NO_AFFINITY).toBe(0);
  });

  it("spreads texts that differ in their last character evenly over 64 cells", () => {
    const cells = new Array<number>(64).fill(0);
    for (let i = 0; i < 64_000; i++) {
      const cell = hash32(`10.0.0.1/${String.fromCharCode(i)}`) >>> 26;
      cells[cell] = (cells[cell] as number) + 1;
    }
    expect(
      chiSquare(
        cells,
        cells.map(() => 1),
      ),
    ).toBeLessThan(fairBound(64));
  });
});
