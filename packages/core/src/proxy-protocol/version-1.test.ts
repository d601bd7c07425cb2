import { expect, describe as group, test } from "vitest";
import { readProxyHeader } from "./read.ts";

const read = (text: string) => readProxyHeader(Buffer.from(text, "latin1"));

/** Source and destination as people write them; who else is spoken for; or what is wrong. */
function told(text: string): string {
  const reading = read(text);
  if (reading.outcome === "incomplete") return "incomplete";
  if (reading.outcome === "refused") return reading.fault;
  const { origin } = reading;
  if (origin.speaksFor !== "client") return origin.speaksFor;
  const { source, destination } = origin;
  return `${source.address.text} ${source.port} > ${destination.address.text} ${destination.port}`;
}

group("readProxyHeader() of version 1", () => {
  test.each([
    ["PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n", "192.0.2.1 56324 > 198.51.100.2 443"],
    ["PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n", "255.255.255.255 65535 > 0.0.0.0 0"],
    ["PROXY TCP6 2001:DB8::1 2001:db8:0:0:0:0:0:2 1 2\r\n", "2001:db8::1 1 > 2001:db8::2 2"],
    ["PROXY TCP6 ::1 :: 1 2\r\n", "::1 1 > :: 2"],
    ["PROXY UNKNOWN\r\n", "somebody"],
    ["PROXY UNKNOWN whatever \0 \xff\r\n", "somebody"],
  ])("takes %j", (line, expected) => {
    expect(told(line)).toBe(expected);
  });

  test.each([
    ["PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.2 1 2\r\n"],
    ["PROXY TCP6 ::ffff:c000:201 ::FFFF:c633:6402 1 2\r\n"],
  ])("takes IPv4-mapped addresses for the IPv4 addresses that they are: %j", (line) => {
    expect(told(line)).toBe("192.0.2.1 1 > 198.51.100.2 2");
  });

  test("tells where the client's own octets begin", () => {
    const line = "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n";
    expect(read(`${line}GET / HTTP/1.1\r\n`)).toMatchObject({ outcome: "header", length: line.length });
  });

  test("takes the longest line that there may be, and not one octet more", () => {
    const address = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    const longest = `PROXY UNKNOWN ${address} ${address} 65535 65535\r\n`;
    expect(longest).toHaveLength(107);
    expect(told(longest)).toBe("somebody");
    expect(told(longest.replace("\r\n", "x\r\n"))).toBe("proxy_header_too_long");
    expect(told(`PROXY UNKNOWN ${"x".repeat(92)}`)).toBe("incomplete");
    expect(told(`PROXY UNKNOWN ${"x".repeat(93)}`)).toBe("proxy_header_too_long");
  });

  test.each([
    ["GET / HTTP/1.1\r\n", 0],
    ["proxy TCP4 ", 0],
    ["PROXZ", 4],
    ["PROXY\t", 5],
    ["\0", 0],
  ])("sees at the first octet that cannot be one that there is no header: %j", (octets, at) => {
    expect(read(octets)).toEqual({ outcome: "refused", fault: "proxy_header_missing", at });
  });

  test.each([
    ["TCP4 192.0.2.1 198.51.100.2 1 2\n", "a bare LF"],
    ["TCP4 192.0.2.1 198.51.100.2 1 2\rX", "a bare CR"],
    ["UNKNOWN a\rb\r\n", "a bare CR in what is ignored"],
    ["TCP4 192.0.2.1 198.51.100.2 1 2 \r\n", "a space behind the last port"],
    ["TCP4  192.0.2.1 198.51.100.2 1 2\r\n", "two spaces"],
    [" TCP4 192.0.2.1 198.51.100.2 1 2\r\n", "two spaces behind PROXY"],
    ["TCP4 192.0.2.1 198.51.100.2 1\r\n", "no second port"],
    ["TCP4 192.0.2.1 198.51.100.2 1 2 3\r\n", "a third port"],
    ["TCP4 192.0.2.1 198.51.100.2 01 2\r\n", "a port with a zero in front"],
    ["TCP4 192.0.2.1 198.51.100.2 1 65536\r\n", "a port that is too high"],
    ["TCP4 192.0.2.1 198.51.100.2 -1 2\r\n", "a sign"],
    ["TCP4 192.0.2.1 198.51.100.2 0x1 2\r\n", "a hexadecimal port"],
    ["TCP4 192.0.2.01 198.51.100.2 1 2\r\n", "a part with a zero in front"],
    ["TCP4 192.0.2.256 198.51.100.2 1 2\r\n", "a part that is too high"],
    ["TCP4 192.0.2 198.51.100.2 1 2\r\n", "a short form"],
    ["TCP4 3221225985 198.51.100.2 1 2\r\n", "an address as one number"],
    ["TCP4 ::1 ::1 1 2\r\n", "IPv6 under TCP4"],
    ["TCP4 ::ffff:192.0.2.1 198.51.100.2 1 2\r\n", "a mapped address under TCP4"],
    ["TCP6 192.0.2.1 198.51.100.2 1 2\r\n", "IPv4 under TCP6"],
    ["TCP6 ::1 198.51.100.2 1 2\r\n", "a family of each"],
    ["TCP6 1::2::3 ::1 1 2\r\n", "two double colons"],
    ["TCP6 00001:: ::1 1 2\r\n", "a part of five digits"],
    ["TCP6 1:2:3:4:5:6:7 ::1 1 2\r\n", "seven parts"],
    ["TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2\r\n", "nine parts"],
    ["TCP6 fe80::1%eth0 ::1 1 2\r\n", "a zone"],
    ["TCP6 [::1] ::1 1 2\r\n", "brackets"],
    ["TCP6 ::1.2.3.4 ::1 1 2\r\n", "a dotted tail that is not mapped"],
    ["TCP6 ::ffff:01.2.3.4 ::1 1 2\r\n", "a dotted tail with a zero in front"],
    ["TCP5 192.0.2.1 198.51.100.2 1 2\r\n", "a protocol that does not exist"],
    ["tcp4 192.0.2.1 198.51.100.2 1 2\r\n", "a protocol in lower case"],
    ["UNKNOWNX\r\n", "something behind UNKNOWN"],
    ["\r\n", "nothing"],
  ])("refuses %j: %s", (rest) => {
    expect(told(`PROXY ${rest}`)).toBe("proxy_header_malformed");
  });

  test("judges nothing before CR LF is there", () => {
    const line = "PROXY TCP9 x\r\n";
    for (let i = 0; i < line.length; i++) expect(told(line.slice(0, i))).toBe("incomplete");
    expect(told(line)).toBe("proxy_header_malformed");
  });
});
