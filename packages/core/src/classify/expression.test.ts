import { describe, expect, test } from "vitest";
import { compileExpression, expressionMistake, necessaryTexts } from "./expression.ts";

describe("compileExpression()", () => {
  test("takes linear time where backtracking would take for ever", () => {
    expect(compileExpression("^(a+)+$").test(`${"a".repeat(20_000)}b`)).toBe(false);
  });

  test("takes `$` for the very end of the value", () => {
    expect(compileExpression("a$").test("a\n")).toBe(false);
  });
});

describe("expressionMistake()", () => {
  test("says what is wrong, and undefined when nothing is", () => {
    expect(expressionMistake("(a")).toContain("missing closing )");
    expect(expressionMistake("(?<=a)b")).toBeDefined();
    expect(expressionMistake("^/a/[0-9]+$")).toBeUndefined();
  });
});

describe("necessaryTexts()", () => {
  const equal = (value: string) => ({ kind: "equal", value });
  const prefix = (value: string) => ({ kind: "prefix", value });
  const suffix = (value: string) => ({ kind: "suffix", value });
  const contains = (value: string) => ({ kind: "contains", value });

  test.each([
    ["^/health$", [equal("/health")]],
    ["^$", [equal("")]],
    ["^/v1/[0-9]+", [prefix("/v1/"), contains("/v1/")]],
    ["^/(v1|v2)/items", [prefix("/"), contains("/items")]],
    ["\\.png$", [suffix(".png"), contains(".png")]],
    ["^ab?c$", [prefix("a"), suffix("c")]],
    ["^ab{2,3}c$", [prefix("a"), suffix("c")]],
    ["^[^]^$/]+x$", [suffix("x")]],
    ["bot/\\d+ crawler", [contains(" crawler")]],
    ["price\\$", [contains("price$")]],
    ["^café", [prefix("caf"), contains("caf")]],
  ])("of %j are %j", (source, texts) => {
    expect(necessaryTexts(source)).toEqual(texts);
  });

  test.each([
    "^a|b",
    "abc|def",
    "(?i)abc",
    "^(?i)abc",
    "a(?i)bcd",
    "\\Qa|b\\E",
    "\\x41bcd",
    "^*abc",
    "abcdef{",
    "[[:alpha:]]abc",
  ])("claims nothing of %j", (source) => {
    expect(necessaryTexts(source)).toEqual([]);
  });

  test("claims nothing of a brace that is no quantifier, in which an alternative may hide", () => {
    expect(compileExpression("abcdef{x|y}").test("y}")).toBe(true);
    expect(necessaryTexts("abcdef{x|y}")).toEqual([]);
  });
});
