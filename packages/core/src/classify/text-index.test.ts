import { describe, expect, test } from "vitest";
import { factsOf } from "./test-facts.ts";
import { AffixIndex, InnerTextIndex, type Narrowing, type Posting } from "./text-index.ts";

const facts = factsOf({});

/** Postings that note which texts were found, and never match. */
function postingsOf(texts: readonly string[], found: string[]): Posting[] {
  return texts.map((text) => {
    const narrow = (_: unknown, best: number): number => {
      found.push(text);
      return best;
    };
    return { text, rules: { first: 0, narrow } satisfies Narrowing };
  });
}

/** All words of a, b and c up to four letters: every way in which texts can lie in one another. */
const words = [1, 2, 3, 4].flatMap((length) =>
  Array.from({ length: 3 ** length }, (_, n) =>
    Array.from({ length }, (_, place) => "abc"[Math.floor(n / 3 ** place) % 3]).join(""),
  ),
);
const values = ["", "a", "abcab", "aaaaaa", "cbacbacabbac", "xabx", "bcbcx"];

describe.each(["prefix", "suffix"] as const)("AffixIndex of %s", (kind) => {
  test.each(values)("finds the texts at that end of %j, each once, and no other", (value) => {
    const found: string[] = [];
    new AffixIndex(kind, postingsOf(words, found)).narrow(value, facts, 1);
    const isThere = (text: string) => (kind === "prefix" ? value.startsWith(text) : value.endsWith(text));
    expect(found.sort()).toEqual(words.filter(isThere).sort());
  });

  test("tells texts apart whose hashes are the same", () => {
    const found: string[] = [];
    // 31 * "A" + "a" is 31 * "B" + "B"
    const index = new AffixIndex(kind, postingsOf(["Aa", "BB", "aA"], found));
    index.narrow("Aa", facts, 1);
    index.narrow("BB", facts, 1);
    index.narrow("aA", facts, 1);
    expect(found).toEqual(["Aa", "BB", "aA"]);
  });
});

describe("InnerTextIndex", () => {
  test.each(values)("finds the texts inside %j, each once, and no other", (value) => {
    const found: string[] = [];
    new InnerTextIndex(postingsOf(words, found)).narrow(value, facts, 1);
    expect(found.sort()).toEqual(words.filter((text) => value.includes(text)).sort());
  });

  test("finds a text that ends inside a longer one that breaks off", () => {
    const found: string[] = [];
    new InnerTextIndex(postingsOf(["abcd", "bc", "c", "cx"], found)).narrow("abcx", facts, 1);
    expect(found).toEqual(["bc", "c", "cx"]);
  });

  test("finds the same texts in the next value", () => {
    const found: string[] = [];
    const index = new InnerTextIndex(postingsOf(["ab"], found));
    index.narrow("abab", facts, 1);
    index.narrow("ab", facts, 1);
    expect(found).toEqual(["ab", "ab"]);
  });
});
