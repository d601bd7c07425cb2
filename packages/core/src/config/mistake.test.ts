import { describe, expect, test } from "vitest";
import { describeKind, describeValue, formatMistake, formatPath } from "./mistake.ts";

test("formatPath() writes a path as one would write it in code", () => {
  expect(formatPath(["pools", "10.0.0.7", "servers", 2, "x-y"])).toBe('pools["10.0.0.7"].servers[2].x-y');
  expect(formatPath([])).toBe("");
});

test("formatMistake() leaves out what there is not", () => {
  expect(formatMistake({ path: [], problem: "found 3" })).toBe("found 3");
  expect(formatMistake({ path: ["a"], problem: "found 3", expected: "4" })).toBe("a: found 3; expected 4");
});

describe("describeValue()", () => {
  test("stays on one line and short", () => {
    expect(describeValue("a\nb")).toBe('"a\\nb"');
    expect(describeValue("x".repeat(1_000)).length).toBeLessThan(70);
  });

  test("calls structured values by their kind", () => {
    const values = [null, [], {}, /a/, () => 1, Symbol("a"), 1n];
    expect(values.map(describeValue)).toEqual([
      "null",
      "a list",
      "an object",
      "a RegExp",
      "a function",
      "a symbol",
      "the bigint 1",
    ]);
  });
});

test("describeKind() never shows a value", () => {
  expect(["abc", "", 42, true].map(describeKind)).toEqual([
    "a text",
    "an empty text",
    "a number",
    "a boolean",
  ]);
});
