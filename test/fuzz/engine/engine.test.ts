import { describe, expect, test } from "vitest";
import { smallestCover } from "./corpus.ts";
import { coverage } from "./coverage.ts";
import { cuts, Dice, piecesOf, seedOf } from "./dice.ts";
import { Fuzzer } from "./fuzzer.ts";
import { withCounters } from "./instrument.ts";
import { mutate } from "./mutate.ts";
import { Violation } from "./target.ts";

/** Runs code with and without counters; what it exports as `result` must be the same. */
async function resultOf(code: string): Promise<unknown> {
  const module = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  return module.result;
}

const BRANCHY = `
function f(x) { if (x > 2) return "big"; else if (x === 2) { return "two"; } for (let i = 0; i < 3; i++) x += x; return x ? "some" : "none"; }
const g = (x) => x ?? ({ a: 1 });
const h = async (x) => { switch (x) { case 1: { return "one"; } default: return x && x.a; } };
class C { #n = 0; step = () => this.#n++; get n() { while (this.#n < 3) this.#n++; return this.#n; } }
export const result = [f(3), f(2), f(1), f(0), g(null).a, g(5), await h(1), await h({ a: 7 }), await h(null), new C().n];
`;

describe("withCounters()", () => {
  test("leaves what code does as it was, and its lines where they were", async () => {
    expect(await resultOf(withCounters(BRANCHY))).toEqual(await resultOf(BRANCHY));
    expect(withCounters(BRANCHY).split("\n").length).toBe(BRANCHY.split("\n").length);
  });

  test("counts the branches that are taken, and no others", async () => {
    const code = (x: number) =>
      `export const result = ((x) => { if (x > 2) { return 1; } return x === 2 ? 2 : 3; })(${x});`;
    const taken = async (x: number): Promise<number> => {
      coverage.begin();
      await resultOf(withCounters(code(x)));
      return coverage.features().length;
    };
    expect([await taken(3), await taken(2)]).toEqual([2, 2]);
  });
});

describe("Fuzzer", () => {
  const hidden = {
    name: "hidden",
    claim: "no input begins with abc",
    seeds: ["xxxx"],
    dictionary: [],
    maxBytes: 16,
    weight: 1,
    run(octets: Buffer): string {
      const text = octets.toString("latin1");
      if (text.startsWith("abc")) throw new Violation("abc");
      return ["a", "ab"].filter((beginning) => text.startsWith(beginning)).join();
    },
  };

  test("finds step by step what chance alone would not, and makes the finding as small as it goes", () => {
    const fuzzer = new Fuzzer(hidden, new Dice(1));
    fuzzer.begin();
    let runs = 0;
    fuzzer.go(() => fuzzer.findings.length > 0 || ++runs > 200_000);
    expect(fuzzer.findings.map(({ octets }) => octets.toString())).toEqual(["abc"]);
  });
});

describe("mutate()", () => {
  const material = { dictionary: [Buffer.from("word")], other: () => Buffer.from("another one") };

  test("makes the same of the same seed, and never more octets than are allowed", () => {
    const made = (seed: number): string =>
      mutate(new Dice(seed), Buffer.from("an input\r\nof two lines"), material, 40).toString("latin1");
    const all = Array.from({ length: 500 }, (_, seed) => made(seed));
    expect(all).toEqual(Array.from({ length: 500 }, (_, seed) => made(seed)));
    expect(Math.max(...all.map(({ length }) => length))).toBe(40);
    expect(new Set(all).size).toBeGreaterThan(400);
  });
});

describe("piecesOf()", () => {
  test("cuts octets into pieces that are them again, wherever it cuts", () => {
    for (let seed = 0; seed < 500; seed++) {
      const octets = Buffer.from(`some octets ${seed}`);
      const pieces = piecesOf(octets, cuts(new Dice(seedOf(octets)), octets.length));
      expect(Buffer.concat(pieces)).toEqual(octets);
      expect(pieces.every(({ length }) => length > 0)).toBe(true);
    }
  });
});

describe("smallestCover()", () => {
  const input = (text: string, ...features: number[]) => ({ octets: Buffer.from(text), features });

  test("takes the fewest inputs that take all, the shorter of two that take the same, and no more than asked", () => {
    const inputs = [
      input("long one", 1, 2),
      input("short", 1, 2),
      input("x", 1),
      input("y", 3),
      input("all but 3", 1, 2, 4),
    ];
    const texts = (most: number): string[] => smallestCover(inputs, most).map(String);
    expect(texts(9)).toEqual(["all but 3", "y"]);
    expect(texts(1)).toEqual(["all but 3"]);
    expect(smallestCover(inputs.slice(0, 3), 9).map(String)).toEqual(["short"]);
  });
});
