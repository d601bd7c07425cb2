import { describe, expect, test } from "vitest";
import { areEmptyLines, endOfEmptyLines } from "./empty-lines.ts";

const octets = (text: string): Buffer => Buffer.from(text, "latin1");
const LINE = "\r\n";

describe("endOfEmptyLines()", () => {
  test.each([
    ["", 0],
    ["GET", 0],
    ["\r\nGET", 2],
    ["\r\n\r", 2],
    ["\n\r\n", 0],
    ["\r\n\n", 2],
    [LINE.repeat(8), 16],
    [`${LINE.repeat(8)}\r`, 16],
    [LINE.repeat(9), -1],
    [`${LINE.repeat(9)}GET`, -1],
  ])("of %j is at %i, wherever it begins", (text, end) => {
    expect(endOfEmptyLines(octets(text), 0, text.length)).toBe(end);
    const there = end < 0 ? -1 : end + 3;
    expect(endOfEmptyLines(octets(`abc${text}`), 3, text.length + 3)).toBe(there);
  });

  test("looks at nothing behind the end of what is judged", () => {
    expect(endOfEmptyLines(octets(LINE.repeat(2)), 0, 3)).toBe(2);
  });
});

test.each([
  ["", true],
  ["\r", true],
  ["\r\n\r", true],
  [`${LINE.repeat(8)}\r`, true],
  [LINE.repeat(9), false],
  ["\r\r", false],
  ["\n", false],
  ["\r\nG", false],
  ["\r\n\rG", false],
])("areEmptyLines(%j) is %s", (text, are) => {
  expect(areEmptyLines(octets(text))).toBe(are);
});
