import { expect, test } from "vitest";
import { escaped } from "./escaped.ts";

test("escaped() leaves printable US-ASCII alone, and tells every other octet in it", () => {
  expect(escaped(Buffer.from('GET /"a b~ HTTP/1.1'))).toBe('GET /"a b~ HTTP/1.1');
  expect(escaped(Buffer.from("\r\n\t\0\x1b[2J\\\x7f\x80\xff", "latin1"))).toBe(
    "\\r\\n\\t\\x00\\x1b[2J\\\\\\x7f\\x80\\xff",
  );
});

test("escaped() writes no two runs of octets alike", () => {
  const all = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet));
  expect(new Set(Array.from(all, (octet) => escaped(Uint8Array.of(octet)))).size).toBe(256);
  expect(escaped(all)).toMatch(/^[\x20-\x7e]+$/);
  expect(escaped(Buffer.from("\\x00"))).not.toBe(escaped(Uint8Array.of(0)));
});
