import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cidrText, matchesCidr, parseAddress, parseCidr } from "./address.ts";
import { CidrMap } from "./cidr-map.ts";
import type { Address } from "./facts.ts";

function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`not an address: ${text}`);
  return address;
}

function isIn(address: string, block: string): boolean {
  const cidr = parseCidr(block);
  if (cidr === undefined) throw new Error(`not a block: ${block}`);
  return matchesCidr(addressOf(address), cidr);
}

describe("parseAddress()", () => {
  test("holds an IPv4 address in the first word, unsigned", () => {
    expect(parseAddress("255.0.0.1")).toEqual({ family: 4, words: [0xff000001, 0, 0, 0], text: "255.0.0.1" });
  });

  test("takes for an IPv4 address what a strict reader of four decimal parts takes", () => {
    const part = fc.oneof(fc.nat(300).map(String), fc.stringMatching(/^[0-9 x-]{0,4}$/));
    const text = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("."));
    const strict = /^(?:(?:0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])(?:\.(?!$)|$)){4}$/;
    fc.assert(
      fc.property(text, (text) => {
        const parts = text.split(".").map(Number);
        const word = parts.reduce((word, part) => word * 256 + part, 0);
        const expected = strict.test(text) ? { family: 4, words: [word, 0, 0, 0], text } : undefined;
        expect(parseAddress(text)).toEqual(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  test("holds an IPv6 address in four words and writes it as RFC 5952 does", () => {
    expect(parseAddress("2001:DB8:0:0:0:0:FFFF:1")).toEqual({
      family: 6,
      words: [0x20010db8, 0, 0, 0xffff0001],
      text: "2001:db8::ffff:1",
    });
  });

  test("takes an IPv4-mapped IPv6 address for the IPv4 address", () => {
    expect(parseAddress("::ffff:10.1.2.3")).toEqual(parseAddress("10.1.2.3"));
    expect(parseAddress("::ffff:a01:203")).toEqual(parseAddress("10.1.2.3"));
  });

  test("takes no other IPv6 address for an IPv4 one, however its end is written", () => {
    expect(parseAddress("::10.1.2.3")).toEqual({
      family: 6,
      words: [0, 0, 0, 0x0a010203],
      text: "::a01:203",
    });
    expect(parseAddress("64:ff9b::10.1.2.3%eth0")?.words).toEqual([0x0064ff9b, 0, 0, 0x0a010203]);
    for (const tail of ["010.1.2.3", "0xa.1.2.3", "10.1.2", "10.1.2.256", "10.1.2.3.4"])
      expect(parseAddress(`::ffff:${tail}`)).toBe(undefined);
  });

  test("drops a zone", () => {
    expect(parseAddress("fe80::1%eth0")).toEqual(parseAddress("fe80::1"));
  });

  test.each([
    "",
    "1.2.3",
    "1",
    "0x7f.0.0.1",
    "010.1.1.1",
    "1.2.3.256",
    "1.2.3.4 ",
    "[::1]",
    "::1::",
    "host",
    "1:2",
  ])("refuses %j", (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  test("refuses what is too long to be an address without reading it", () => {
    expect(parseAddress(`::1%${"z".repeat(100)}`)).toBeUndefined();
  });
});

describe("parseCidr()", () => {
  test("clears the bits after the prefix, within a word and across words", () => {
    expect(parseCidr("10.255.3.4/9")).toEqual({ family: 4, words: [0x0a800000, 0, 0, 0], bits: 9 });
    expect(parseCidr("2001:db8:ffff:ffff::1/36")?.words).toEqual([0x20010db8, 0xf0000000, 0, 0]);
  });

  test("takes an address for the block of one address", () => {
    expect(parseCidr("10.0.0.1")?.bits).toBe(32);
    expect(parseCidr("::1")?.bits).toBe(128);
  });

  test("takes a block of IPv4-mapped addresses for the IPv4 block, and a wider one for IPv6", () => {
    expect(parseCidr("::ffff:10.0.0.0/104")).toEqual(parseCidr("10.0.0.0/8"));
    expect(parseCidr("::ffff:0:0/95")?.family).toBe(6);
  });

  test.each([
    "10.0.0.0/33",
    "::/129",
    "::ffff:10.0.0.0/129",
    "10.0.0.0/",
    "10.0.0.0/08",
    "10.0.0.0/-1",
    "10.0.0.0/1e1",
  ])("refuses %j", (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });
});

describe("cidrText()", () => {
  test("has one spelling for each block", () => {
    expect(
      ["10.1.2.3/8", "10.0.0.0/8", "::ffff:10.9.9.9/104"].map((text) => cidrText(parseCidr(text) as never)),
    ).toEqual(["10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/8"]);
  });
});

describe("matchesCidr()", () => {
  test("compares the leading bits and no others", () => {
    expect(isIn("10.127.255.255", "10.0.0.0/9")).toBe(true);
    expect(isIn("10.128.0.0", "10.0.0.0/9")).toBe(false);
    expect(isIn("255.255.255.255", "128.0.0.0/1")).toBe(true);
    expect(isIn("2001:db8:0:7fff::", "2001:db8::/49")).toBe(true);
    expect(isIn("2001:db8:0:8000::", "2001:db8::/49")).toBe(false);
    expect(isIn("::1", "::2/128")).toBe(false);
  });

  test("takes /0 for all addresses of the family and none of the other", () => {
    expect(isIn("203.0.113.9", "0.0.0.0/0")).toBe(true);
    expect(isIn("::1", "0.0.0.0/0")).toBe(false);
    expect(isIn("::ffff:10.0.0.1", "::/0")).toBe(false);
  });
});

describe("CidrMap", () => {
  test("finds the block of each prefix length in which an address lies, and no other", () => {
    const map = new CidrMap<string>();
    const texts = ["10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/16", "10.1.2.3", "2001:db8::/32", "2001:db8::1"];
    for (const text of texts) map.set(parseCidr(text) as never, text);
    const found = (text: string) => {
      const address = addressOf(text);
      return map.levels(address.family).flatMap((level) => level.find(address) ?? []);
    };
    expect(found("10.1.2.3")).toEqual(["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3"]);
    expect(found("10.3.0.0")).toEqual(["10.0.0.0/8"]);
    expect(found("2001:db8::1")).toEqual(["2001:db8::/32", "2001:db8::1"]);
    expect(found("11.0.0.0")).toEqual([]);
  });

  test("tells blocks apart whose hashes are the same", () => {
    const map = new CidrMap<number>();
    // 31 * 1 + 0 and 31 * 0 + 31 in the last two words
    map.set(parseCidr("::1:0:0") as never, 1);
    map.set(parseCidr("::1f") as never, 2);
    map.set(parseCidr("::1f") as never, 3);
    const found = (text: string) => map.levels(6).map((level) => level.find(addressOf(text)));
    expect([found("::1:0:0"), found("::1f"), found("::")]).toEqual([[1], [3], [undefined]]);
  });
});
