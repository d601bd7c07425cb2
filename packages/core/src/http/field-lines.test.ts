import { describe, expect, test } from "vitest";
import { FieldLines, TAKEN_OUT } from "./field-lines.ts";
import { FIELD, FieldNames } from "./field-names.ts";
import { HeadParser } from "./parser.ts";

const FIRST_LINE = "GET / HTTP/1.1\r\n";
const parser = new HeadParser("request");
const lines = new FieldLines(parser, new FieldNames());

/** Parses a head of these field lines; returns what verify() says. */
function load(fields: string): number {
  const octets = Buffer.from(FIRST_LINE + fields, "latin1");
  parser.load(octets, 0, octets.length);
  parser.parse(0, octets.length);
  return lines.verify(FIRST_LINE.length);
}

function dropped(): string[] {
  return Array.from({ length: lines.dropCount }, (_, i) => {
    const at = lines.drops[i * 2] as number;
    return parser.bytes.latin1Slice(at, at + (lines.drops[i * 2 + 1] as number));
  });
}

describe("FieldLines.verify()", () => {
  test("numbers and trims the fields of a head", () => {
    expect(load("Host:a\r\nCOOKIE: \t b \t\r\nX: \xff\r\nEmpty:\r\nBlank:  \r\n\r\n")).toBe(-1);
    expect([...lines.numbers.subarray(0, 5)]).toEqual([FIELD.HOST, FIELD.COOKIE, 0, 0, 0]);
    const values = Array.from({ length: 5 }, (_, i) =>
      parser.bytes.latin1Slice(lines.valueAt(i), lines.valueEnd(i)),
    );
    expect(values).toEqual(["a", "b", "\xff", "", ""]);
  });

  test.each([
    ["A:b", true],
    ["A: b", true],
    ["A: b c", true],
    ["A:  b", false],
    ["A:\tb", false],
    ["A: \tb", false],
    ["A:\t b", false],
    ["A: b ", false],
    ["A: b\t", false],
  ])("leaves to isPlain() what stands around a value: %j, %s", (line, isPlain) => {
    expect(load(`X: y\r\n${line}\r\n\r\n`)).toBe(-1);
    expect(lines.isPlain(1)).toBe(isPlain);
  });

  test("accepts a head without fields", () => {
    expect(load("\r\n")).toBe(-1);
    expect(lines.count).toBe(0);
  });

  /** Aim: even a parser that is fooled cannot make us forward other octets than those that it saw. */
  test.each([
    ["a name that is not where the line begins", (): unknown => parser.fields.fill(17, 0, 1)],
    ["a name of no octets", (): unknown => parser.fields.fill(0, 1, 2)],
    ["a name that ends before its colon", (): unknown => parser.fields.fill(2, 1, 2)],
    ["a value that begins late", (): unknown => parser.fields.fill(24, 2, 3)],
    ["a value that ends before its line", (): unknown => parser.fields.fill(2, 3, 4)],
    ["a value that ends behind its line", (): unknown => parser.fields.fill(9, 3, 4)],
    ["a line that does not end with CR", (): unknown => parser.bytes.fill("x", 25, 26)],
    ["a line that does not end with LF", (): unknown => parser.bytes.fill("x", 26, 27)],
    ["an end without CR", (): unknown => parser.bytes.fill("x", 33, 34)],
    ["an end without LF", (): unknown => parser.bytes.fill("x", 34, 35)],
    ["a colon that is none", (): unknown => parser.bytes.fill("x", 20, 21)],
    ["a field that was passed over", (): unknown => parser.fieldCount--],
    ["a head that ends early", (): unknown => parser.end--],
    ["a head that ends late", (): unknown => parser.end++],
  ])("notices %s", (_, spoil) => {
    expect(load("Host: abc\r\nA: b\r\n\r\n")).toBe(-1);
    parser.parse(0, FIRST_LINE.length + "Host: abc\r\nA: b\r\n\r\n".length);
    spoil();
    expect(lines.verify(FIRST_LINE.length)).toBeGreaterThanOrEqual(FIRST_LINE.length);
  });
});

describe("FieldLines.collectDrops()", () => {
  test("lists the lines that are left out, neighbours as one range, behind a range of the first line", () => {
    load("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n");
    for (const i of [0, 1, 3]) lines.drop(i);
    lines.collectDrops(4, 1);
    expect(dropped()).toEqual(["/", "A: 1\r\nB: 2\r\n", "D: 4\r\n"]);
  });

  test("lists nothing when nothing is left out, and forgets what was", () => {
    load("A: 1\r\n\r\n");
    lines.collectDrops(0, 0);
    expect(lines.dropCount).toBe(0);
  });

  test("joins a range of the first line with a line right behind it", () => {
    load("A: 1\r\nB: 2\r\n\r\n");
    lines.drop(0);
    lines.collectDrops(14, 2);
    expect(dropped()).toEqual(["\r\nA: 1\r\n"]);
  });

  test("leaves out no line that is kept in the end", () => {
    load("A: 1\r\nB: 2\r\n\r\n");
    lines.drop(0);
    lines.drop(1);
    lines.keep(0);
    lines.collectDrops(0, 0);
    expect(dropped()).toEqual(["B: 2\r\n"]);
  });
});

describe("FieldLines.takeOutNamed()", () => {
  test("takes out every field of the name that is not protected", () => {
    load("Host: a\r\nxy: 1\r\nXY: 2\r\nxyz: 3\r\n\r\n");
    const isProtected = new Uint8Array(64);
    lines.takeOutNamed(FIRST_LINE.length + "Host: a\r\n".length, 2, isProtected);
    expect([...lines.numbers.subarray(0, 4)]).toEqual([FIELD.HOST, TAKEN_OUT, TAKEN_OUT, 0]);
    lines.takeOutNamed(FIRST_LINE.length, 4, isProtected.fill(1, FIELD.HOST, FIELD.HOST + 1));
    expect(lines.numbers[0]).toBe(FIELD.HOST);
  });
});

describe("FieldLines.names()", () => {
  test("gives each name once, in lower case, and none that was taken out", () => {
    load("B: 1\r\nA: 2\r\nb: 3\r\nC: 4\r\n\r\n");
    lines.takeOut(3);
    lines.drop(1);
    expect(lines.names()).toEqual(["b", "a"]);
  });
});
