import { describe, expect, test } from "vitest";
import { isAuthority } from "./authority.ts";

/** In the middle of octets that would make every authority wrong. */
function judge(text: string): boolean {
  const octets = Buffer.from(`@${text}@`, "latin1");
  return isAuthority(octets, 1, octets.length - 1);
}

describe("isAuthority()", () => {
  test.each([
    "a",
    "a.example",
    "A.EXAMPLE.",
    "xn--bcher-kva.example",
    "a_b",
    "a%20b",
    "192.0.2.1",
    "a:80",
    "a:0",
    "a:65535",
    "a:",
    "a:000080",
    "[::]",
    "[::1]",
    "[2001:DB8::1]:443",
    "[::ffff:192.0.2.1]",
    "[::1]:",
  ])("accepts %s", (text) => {
    expect(judge(text)).toBe(true);
  });

  test.each([
    "",
    ":",
    ":80",
    "a:65536",
    "a:+80",
    "a:8x",
    "a:80:80",
    "a: 80",
    "a:0000000000000080",
    "a,b",
    "a, a",
    "a b",
    "a\tb",
    "u@a",
    "u:p@a",
    "a/b",
    "a?b",
    "a#b",
    "a\\b",
    "a\0b",
    "a\x7fb",
    "a\xe4b",
    '"a"',
    "<a>",
    "::1",
    "[",
    "[]",
    "[::1",
    "::1]",
    "[::1]80",
    "[::1]:65536",
    "[::1]x",
    "[1]",
    "[192.0.2.1]",
    "[:]",
    "[:::]",
    "[1:2:3]",
    "[12345::]",
    "[g::1]",
    "[::1%25eth0]",
    "a%",
    "a%4",
    "a%zz:80",
    "[v1.a]",
    "[[::1]]",
  ])("refuses %j", (text) => {
    expect(judge(text)).toBe(false);
  });
});
