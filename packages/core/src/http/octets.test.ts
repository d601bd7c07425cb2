import { describe, expect, test } from "vitest";
import {
  allIn,
  decimal,
  equalsIgnoringCase,
  LOWER,
  sameIgnoringCase,
  skipWhitespace,
  TEXT,
  TOKEN,
  trimEnd,
} from "./octets.ts";

const octets = (text: string): Buffer => Buffer.from(text, "latin1");
const characters = (table: Uint8Array): string =>
  [...table].flatMap((is, octet) => (is === 1 ? [String.fromCharCode(octet)] : [])).join("");

describe("tables of octets", () => {
  test("TOKEN has what RFC 9110 section 5.6.2 lists", () => {
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const expected = `!#$%&'*+-.^_\`|~0123456789${letters}${letters.toLowerCase()}`;
    expect([...characters(TOKEN)].sort()).toEqual([...expected].sort());
  });

  test("TEXT has all but control characters, and the tab", () => {
    const not = [...TEXT].flatMap((is, octet) => (is === 0 ? [octet] : []));
    expect(not).toEqual([...Array.from({ length: 32 }, (_, i) => i).filter((i) => i !== 9), 127]);
  });

  test("LOWER changes letters of ASCII alone", () => {
    for (let octet = 0; octet < 256; octet++) {
      const text = String.fromCharCode(octet);
      expect(LOWER[octet]).toBe(/[A-Z]/.test(text) ? text.toLowerCase().charCodeAt(0) : octet);
    }
  });
});

describe("decimal()", () => {
  test.each([
    ["0", 0],
    ["007", 7],
    ["999999999999999", 999_999_999_999_999],
    ["4294967296", 4_294_967_296],
  ])("reads %s", (text, value) => {
    expect(decimal(octets(`9${text}9`), 1, text.length + 1)).toBe(value);
  });

  test.each(["", "1000000000000000", "-1", "+1", "1.", "0x1", " 1", "1 ", "1_0", "\xb9"])(
    "refuses %j",
    (text) => {
      expect(decimal(octets(text), 0, text.length)).toBe(-1);
    },
  );
});

describe("comparison without case", () => {
  test("equalsIgnoringCase() compares a range with a text in lower case", () => {
    expect(equalsIgnoringCase(octets("xAbC-dx"), 1, 5, octets("abc-d"))).toBe(true);
    expect(equalsIgnoringCase(octets("xAbC-dx"), 1, 4, octets("abc-d"))).toBe(false);
    expect(equalsIgnoringCase(octets("abc\rd"), 0, 5, octets("abc-d"))).toBe(false);
  });

  test("sameIgnoringCase() compares two ranges of one piece", () => {
    expect(sameIgnoringCase(octets("ab.AB"), 0, 3, 2)).toBe(true);
    expect(sameIgnoringCase(octets("a[.a{"), 0, 3, 2)).toBe(false);
  });
});

describe("ranges of octets", () => {
  test("allIn() wants at least one, and all of them", () => {
    expect(allIn(octets("ab c"), 0, 2, TOKEN)).toBe(true);
    expect(allIn(octets("ab c"), 0, 3, TOKEN)).toBe(false);
    expect(allIn(octets("ab c"), 1, 1, TOKEN)).toBe(false);
  });

  test("skipWhitespace() and trimEnd() pass over spaces and tabs, within their range", () => {
    const text = octets(" \t a \t ");
    expect(skipWhitespace(text, 0, 7)).toBe(3);
    expect(skipWhitespace(text, 0, 2)).toBe(2);
    expect(trimEnd(text, 3, 7)).toBe(4);
    expect(trimEnd(text, 5, 7)).toBe(5);
    expect(skipWhitespace(octets("\v"), 0, 1)).toBe(0);
  });
});
