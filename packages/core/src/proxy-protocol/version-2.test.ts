import { expect, describe as group, test } from "vitest";
import { crc32c } from "./crc32c.ts";
import { readProxyHeader } from "./read.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";
/** 192.0.2.1:56324 to 198.51.100.2:443. */
const IPV4 = "c0000201c6336402dc0401bb";
/** 2001:db8::1, 2001:db8::2, the same ports. */
const IPV6 = "20010db8000000000000000000000001" + "20010db8000000000000000000000002" + "dc0401bb";

/** A header of hexadecimal octets: version and command, family and protocol, and what the length counts. */
function header(command: string, family: string, block: string, length = block.length / 2): Buffer {
  const fixed = SIGNATURE + command + family + length.toString(16).padStart(4, "0");
  return Buffer.from(fixed + block, "hex");
}

function vector(type: number, value: string): string {
  const bytes = value.length / 2;
  return type.toString(16).padStart(2, "0") + bytes.toString(16).padStart(4, "0") + value;
}

function told(octets: Buffer): string {
  const reading = readProxyHeader(octets);
  if (reading.outcome === "incomplete") return "incomplete";
  if (reading.outcome === "refused") return reading.fault;
  const { origin } = reading;
  if (origin.speaksFor !== "client") return origin.speaksFor;
  const { source, destination } = origin;
  return `${source.address.text} ${source.port} > ${destination.address.text} ${destination.port}`;
}

const CLIENT4 = "192.0.2.1 56324 > 198.51.100.2 443";
const MALFORMED = "proxy_header_malformed";

group("readProxyHeader() of version 2", () => {
  test("reads TCP over IPv4 and over IPv6", () => {
    expect(told(header("21", "11", IPV4))).toBe(CLIENT4);
    expect(told(header("21", "21", IPV6))).toBe("2001:db8::1 56324 > 2001:db8::2 443");
  });

  test("takes IPv4-mapped addresses for the IPv4 addresses that they are", () => {
    const mapped = `${"0".repeat(20)}ffffc0000201${"0".repeat(20)}ffffc6336402dc0401bb`;
    expect(told(header("21", "21", mapped))).toBe(CLIENT4);
  });

  test("tells where the client's own octets begin", () => {
    const octets = header("21", "11", IPV4 + vector(0x04, "00".repeat(7)));
    const reading = readProxyHeader(Buffer.concat([octets, Buffer.from("GET / HTTP/1.1\r\n")]));
    expect(reading).toMatchObject({ outcome: "header", length: octets.length });
  });

  test.each([
    ["20", "00", "", "of a health check"],
    ["20", "11", IPV4, "with addresses, which are to be ignored"],
    ["20", "ff", "0102", "with a family that does not exist, which is to be ignored"],
    ["20", "00", vector(0x04, "0000"), "with vectors"],
  ])("takes LOCAL for the sender itself: %s %s %s, %s", (command, family, block) => {
    expect(told(header(command, family, block))).toBe("itself");
  });

  test.each([
    ["00", "", "UNSPEC"],
    ["00", "aabbcc", "UNSPEC with octets that nobody knows"],
    ["01", "", "a stream of no family"],
    ["10", IPV4, "IPv4 without a protocol"],
    ["12", IPV4, "UDP over IPv4"],
    ["22", IPV6, "UDP over IPv6"],
    ["31", "00".repeat(216), "a UNIX socket"],
  ])("takes family and protocol %s for somebody without an address: %s %s", (family, block) => {
    expect(told(header("21", family, block))).toBe("somebody");
  });

  test.each([
    ["11", "11", "version 1 in binary"],
    ["31", "11", "version 3"],
    ["22", "11", "a command that does not exist"],
    ["21", "41", "a family that does not exist"],
    ["21", "13", "a protocol that does not exist"],
  ])("refuses %s %s: %s", (command, family) => {
    expect(told(header(command, family, IPV4))).toBe(MALFORMED);
  });

  test("refuses a command and a family that do not exist before anything behind them has come", () => {
    expect(told(header("23", "11", IPV4).subarray(0, 13))).toBe(MALFORMED);
    expect(told(header("21", "51", IPV4).subarray(0, 14))).toBe(MALFORMED);
  });

  test.each([
    ["11", 11],
    ["21", 35],
    ["31", 215],
    ["11", 0],
  ])("refuses a length that has no room for the addresses of family %s: %i", (family, length) => {
    expect(told(header("21", family, "00".repeat(length)))).toBe(MALFORMED);
    expect(told(header("21", family, "", length))).toBe(MALFORMED);
  });

  test("refuses a length above its bound as soon as it is said", () => {
    expect(told(header("21", "11", "", 4_080))).toBe("incomplete");
    expect(told(header("21", "11", "", 4_081))).toBe("proxy_header_too_long");
    expect(told(header("20", "00", "", 65_535))).toBe("proxy_header_too_long");
  });

  test("takes a header of the most octets", () => {
    const block = IPV4 + vector(0xe0, "ab".repeat(4_080 - 12 - 3));
    expect(told(header("21", "11", block))).toBe(CLIENT4);
  });

  test("skips vectors that it does not know, the nested ones of TLS included", () => {
    const tls = vector(0x20, `01${"00".repeat(4)}${vector(0x21, "544c5331")}`);
    const block = IPV4 + vector(0x01, "6832") + tls + vector(0x05, "") + vector(0xff, "00");
    expect(told(header("21", "11", block))).toBe(CLIENT4);
  });

  test.each([
    ["04", "a type alone"],
    ["0400", "half a length"],
    ["040001", "a value that is missing"],
    ["0400030102", "a value that is shorter than said"],
    ["04ffff01", "a length beyond the header"],
    [`${vector(0x04, "01")}05`, "a type alone behind a vector"],
  ])("refuses vectors whose lengths lie: %s, %s", (vectors) => {
    expect(told(header("21", "11", IPV4 + vectors))).toBe(MALFORMED);
    expect(told(header("21", "21", IPV6 + vectors))).toBe(MALFORMED);
    expect(told(header("21", "31", "00".repeat(216) + vectors))).toBe(MALFORMED);
  });
});

group("readProxyHeader() with a checksum", () => {
  const at = 16 + IPV4.length / 2 + 3;
  const BLANK = vector(0x03, "00000000");

  function checked(block: string, command = "21", checksumAt = at): Buffer {
    const octets = header(command, "11", block);
    octets.writeUInt32BE(crc32c(octets), checksumAt);
    return octets;
  }

  test("takes the one that is right, wherever it stands", () => {
    expect(told(checked(IPV4 + BLANK))).toBe(CLIENT4);
    expect(told(checked(IPV4 + BLANK + vector(0x04, "aa")))).toBe(CLIENT4);
    expect(told(checked(IPV4 + vector(0x04, "aa") + BLANK, "21", at + 4))).toBe(CLIENT4);
  });

  test("refuses it when any bit of the header, of the checksum too, was changed", () => {
    const octets = checked(IPV4 + vector(0x04, "aa") + BLANK, "21", at + 4);
    for (let bit = 16 * 8; bit < octets.length * 8; bit++) {
      const changed = Buffer.from(octets);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(told(changed)).not.toBe("incomplete");
      // What makes it another type is no checksum any more, and a longer vector is malformed.
      const isType = bit >> 3 === at + 1;
      if (!isType) expect([MALFORMED, "proxy_header_checksum"]).toContain(told(changed));
    }
  });

  test("refuses two, and one of another length", () => {
    expect(told(checked(IPV4 + BLANK + BLANK))).toBe(MALFORMED);
    expect(told(header("21", "11", IPV4 + vector(0x03, "000000")))).toBe(MALFORMED);
    expect(told(header("21", "11", IPV4 + vector(0x03, "0000000000")))).toBe(MALFORMED);
  });

  test("verifies it in a LOCAL header too", () => {
    const octets = checked(BLANK, "20", 19);
    expect(told(octets)).toBe("itself");
    octets[13] = 0x12;
    expect(told(octets)).toBe("proxy_header_checksum");
  });
});
