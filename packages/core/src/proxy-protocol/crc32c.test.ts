import { expect, test } from "vitest";
import { crc32c } from "./crc32c.ts";

// RFC 3720, appendix B.4, and the check value of the catalogue of CRC algorithms.
test.each([
  ["123456789", Buffer.from("123456789"), 0xe3069283],
  ["32 zeros", Buffer.alloc(32), 0x8a9136aa],
  ["32 octets of ones", Buffer.alloc(32, 0xff), 0x62a8ab43],
  ["0 to 31", Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
  ["nothing", Buffer.alloc(0), 0],
])("crc32c() of %s is that of the RFC", (_, octets, expected) => {
  expect(crc32c(octets)).toBe(expected);
});

test("crc32c() takes the four octets of the checksum itself for zeros", () => {
  expect(crc32c(Buffer.from("ab\0\0\0\0cd"))).toBe(crc32c(Buffer.from("abWXYZcd"), 2));
});
