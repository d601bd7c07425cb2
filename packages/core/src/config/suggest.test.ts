import { describe, expect, test } from "vitest";
import { didYouMean, nearest, oneOfNames } from "./suggest.ts";

describe("nearest()", () => {
  const KEYS = ["balance", "hashOn", "share", "limit", "servers", "url"];

  test.each([
    ["balanse", "balance"],
    ["hashon", "hashOn"],
    ["shrae", "share"],
    ["server", "servers"],
    ["ulr", "url"],
  ])("takes %s for %s", (found, meant) => {
    expect(nearest(found, KEYS)).toBe(meant);
  });

  test.each(["health", "x", "weight", "", "a".repeat(10_000)])("takes %j for none of them", (found) => {
    expect(nearest(found, KEYS)).toBeUndefined();
  });
});

test("didYouMean() says nothing where nothing is near", () => {
  expect(didYouMean("golf", ["gold"])).toBe(' (did you mean "gold"?)');
  expect(didYouMean("golf", ["general"])).toBe("");
});

test("oneOfNames() cuts a list that is too long to read", () => {
  expect(oneOfNames([])).toBeUndefined();
  expect(oneOfNames(["a"])).toBe('"a"');
  expect(oneOfNames(["a", "b"])).toBe('one of "a" or "b"');
  expect(oneOfNames(Array.from({ length: 20 }, (_, n) => `p${n}`))).toMatch(/"p15" and 4 more$/);
});
