import { type Address, type Cidr, parseAddress, parseCidr } from "@shunt/core";
import { describe, expect, test } from "vitest";
import { addressFromWords, forwardedClient } from "./client-address.ts";

const PEER = parseAddress("10.0.0.1") as Address;
const TRUSTED = ["10.0.0.0/8", "fd00::/8"].map((text) => parseCidr(text) as Cidr);

type Fields = Readonly<Record<string, readonly string[]>>;

/** The client that a trusted peer speaks for, by the fields that it sent. */
function clientOf(fields: Fields): string | undefined {
  const facts = { header: (name: string) => fields[name] ?? [] };
  return forwardedClient(facts, PEER, TRUSTED)?.text;
}

describe("forwardedClient()", () => {
  test.each([
    ["nothing is told", {}, undefined],
    ["one address", { "x-forwarded-for": ["203.0.113.9"] }, "203.0.113.9"],
    [
      "trusted ones are passed over",
      { "x-forwarded-for": ["203.0.113.9, 10.2.2.2,10.3.3.3"] },
      "203.0.113.9",
    ],
    [
      "what lies left of a stranger is hearsay",
      { "x-forwarded-for": ["6.6.6.6, 203.0.113.9"] },
      "203.0.113.9",
    ],
    [
      "several fields are one list",
      { "x-forwarded-for": ["6.6.6.6", "203.0.113.9", "10.1.1.1"] },
      "203.0.113.9",
    ],
    ["all are trusted: the leftmost", { "x-forwarded-for": ["10.9.9.9, 10.2.2.2"] }, "10.9.9.9"],
    ["no address ends the search", { "x-forwarded-for": ["203.0.113.9, unknown, 10.2.2.2"] }, "10.2.2.2"],
    ["no address at all", { "x-forwarded-for": ["unknown"] }, undefined],
    ["an empty field", { "x-forwarded-for": [""] }, undefined],
    ["the peer itself", { "x-forwarded-for": ["10.0.0.1"] }, undefined],
    ["a port", { "x-forwarded-for": ["203.0.113.9:4711"] }, "203.0.113.9"],
    ["IPv6", { "x-forwarded-for": ["2001:DB8:0::1"] }, "2001:db8::1"],
    ["IPv6 with a port", { "x-forwarded-for": ["[2001:db8::1]:80, fd00::2"] }, "2001:db8::1"],
    ["IPv4 within IPv6", { "x-forwarded-for": ["::ffff:203.0.113.9"] }, "203.0.113.9"],
    ["brackets that do not close", { "x-forwarded-for": ["[::1"] }, undefined],
    ["Forwarded", { forwarded: ["for=203.0.113.9;proto=http, For=10.2.2.2"] }, "203.0.113.9"],
    ["Forwarded, quoted IPv6", { forwarded: ['host=a; for="[2001:db8::1]:80" ;proto=https'] }, "2001:db8::1"],
    ["Forwarded, obfuscated", { forwarded: ["for=203.0.113.9, for=_hidden, for=10.2.2.2"] }, "10.2.2.2"],
    ["Forwarded, an element without for", { forwarded: ["for=203.0.113.9, proto=http"] }, undefined],
    [
      "X-Forwarded-For before Forwarded",
      { "x-forwarded-for": ["1.1.1.1"], forwarded: ["for=2.2.2.2"] },
      "1.1.1.1",
    ],
  ] as [string, Fields, string | undefined][])(
    "forwardedClient() reads from the right: %s",
    (_, fields, expected) => {
      expect(clientOf(fields)).toBe(expected);
    },
  );

  test.each([
    'host="a;for=6.6.6.6";for=203.0.113.9',
    'host="a, for=6.6.6.6";for=203.0.113.9',
    'host="a\\";for=6.6.6.6";for=203.0.113.9',
    'for=203.0.113.9;host="x;for=6.6.6.6, for=6.6.6.6"',
    'for="x, for=6.6.6.6", for=203.0.113.9',
    'for="x, for=203.0.113.9',
    'for="x\\, for=203.0.113.9;host="a;for=6.6.6.6"',
    'for="x\\\\", host="a;for=6.6.6.6\\\\";for=203.0.113.9',
  ])("forwardedClient() takes nothing from within a quoted string: %s", (value) => {
    expect(clientOf({ forwarded: [value] })).toBe("203.0.113.9");
  });

  test("forwardedClient() looks at a bounded number of addresses", () => {
    const list = ["203.0.113.9", ...Array.from({ length: 32 }, (_, i) => `10.1.1.${i}`)];
    expect(clientOf({ "x-forwarded-for": [list.join(",")] })).toBe("10.1.1.0");
    expect(clientOf({ "x-forwarded-for": [list.toSpliced(1, 1).join(",")] })).toBe("203.0.113.9");
  });
});

test.each(["0.0.0.0", "255.254.1.0", "192.0.2.7", "::", "::1", "2001:db8::1:0:0:1", "fe80:1:2:3:4:5:6:7"])(
  "addressFromWords() says the same address that was taken apart: %s",
  (text) => {
    const { family, words } = parseAddress(text) as Address;
    const address = addressFromWords(family, ...words);
    expect({ family: address.family, words: address.words, text: address.text }).toEqual({
      family,
      words,
      text,
    });
  },
);
