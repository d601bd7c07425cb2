import { describe, expect, test } from "vitest";
import type { Narrowing } from "./found.ts";
import { InnerTextIndex } from "./inner-text-index.ts";
import { factsOf } from "./test-facts.ts";
import { LaidOutIndex, layOut, type Posting, type Where } from "./text-index.ts";
import type { Memory } from "./text-table.ts";

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

function indexOf(where: Where, postings: readonly Posting[], memory: Memory = []): LaidOutIndex {
  return new LaidOutIndex(memory, layOut(memory, undefined, where, postings));
}

/** All words of a, b and c up to five letters: every way in which texts can lie in one another. */
const words = [1, 2, 3, 4, 5].flatMap((length) =>
  Array.from({ length: 3 ** length }, (_, n) =>
    Array.from({ length }, (_, place) => "abc"[Math.floor(n / 3 ** place) % 3]).join(""),
  ),
);
const values = ["", "a", "abcab", "aaaaaa", "cbacbacabbac", "xabx", "bcbcx"];

describe.each(["prefix", "suffix"] as const)("LaidOutIndex of %s texts", (kind) => {
  test.each(values)("finds the texts at that end of %j, each once, and no other", (value) => {
    const found: string[] = [];
    indexOf(kind, postingsOf(words, found)).narrow(value, facts, 1);
    const isThere = (text: string) => (kind === "prefix" ? value.startsWith(text) : value.endsWith(text));
    expect(found.sort()).toEqual(words.filter(isThere).sort());
  });

  test("finds each of many texts that have much in common, in a value that is longer too, and nothing in others", () => {
    const texts = Array.from({ length: 1_000 }, (_, n) =>
      kind === "prefix" ? `/area-${n}/` : `-${n}.example`,
    );
    const around = (text: string) => (kind === "prefix" ? `${text}x` : `x${text}`);
    const found: string[] = [];
    const index = indexOf(kind, postingsOf(texts, found));
    for (const text of texts) for (const value of [text, around(text)]) index.narrow(value, facts, 1);
    expect(found).toEqual(texts.flatMap((text) => [text, text]));
    for (const value of ["", "/", "/area-", "/area-1", "/aera-17/", "-17.exampel", "17.example", "x"])
      index.narrow(value, facts, 1);
    expect(found.length).toBe(2 * texts.length);
  });

  test("compares the characters, too, that do not tell texts apart", () => {
    const found: string[] = [];
    const index = indexOf(kind, postingsOf(["a1a", "a2a"], found));
    for (const value of ["a1b", "b1a", "a1a", "a3a"]) index.narrow(value, facts, 1);
    expect(found).toEqual(["a1a"]);
  });
});

describe("LaidOutIndex of equal texts", () => {
  test.each([...values, "ca", "abca"])("finds the text that equals %j, and no other", (value) => {
    const found: string[] = [];
    indexOf("equal", postingsOf([...words, ""], found)).narrow(value, facts, 1);
    expect(found).toEqual(["", ...words].filter((text) => value === text));
  });

  test("compares the characters, too, that do not tell texts apart", () => {
    const found: string[] = [];
    const index = indexOf("equal", postingsOf(["a1a", "a2a"], found));
    for (const value of ["a1b", "b1a", "a1a", "a1", "a1aa"]) index.narrow(value, facts, 1);
    expect(found).toEqual(["a1a"]);
  });

  test("keeps indexes apart that share a memory", () => {
    const found: string[] = [];
    const memory: Memory = [];
    const first = indexOf("equal", postingsOf(["a", "b"], found), memory);
    const second = indexOf("prefix", postingsOf(["c", "dd"], found), memory);
    for (const value of ["a", "b", "c", "dd"]) first.narrow(value, facts, 1);
    for (const value of ["a", "b", "c", "ddd"]) second.narrow(value, facts, 1);
    expect(found).toEqual(["a", "b", "c", "dd"]);
  });
});

describe("InnerTextIndex", () => {
  test.each(values)("finds the texts inside %j, each once, and no other", (value) => {
    const found: string[] = [];
    new InnerTextIndex(postingsOf(words, found), []).narrow(value, facts, 1);
    expect(found.sort()).toEqual(words.filter((text) => value.includes(text)).sort());
  });

  test("finds a text that ends inside a longer one that breaks off", () => {
    const found: string[] = [];
    new InnerTextIndex(postingsOf(["abcd", "bc", "c", "cx"], found), []).narrow("abcx", facts, 1);
    expect(found).toEqual(["bc", "c", "cx"]);
  });

  test("finds the same texts in the next value", () => {
    const found: string[] = [];
    const index = new InnerTextIndex(postingsOf(["ab"], found), []);
    index.narrow("abab", facts, 1);
    index.narrow("ab", facts, 1);
    expect(found).toEqual(["ab", "ab"]);
  });
});
