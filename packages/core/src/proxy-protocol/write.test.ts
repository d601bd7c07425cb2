import { expect, test } from "vitest";
import { parseAddress } from "../classify/address.ts";
import type { Address } from "../classify/facts.ts";
import type { Endpoint, Endpoints } from "./header.ts";
import { writeProxyHeader } from "./write.ts";

const end = (text: string, port: number): Endpoint => ({ address: parseAddress(text) as Address, port });
const ends = (source: string, destination: string): Endpoints => ({
  source: end(source, 56_324),
  destination: end(destination, 443),
});

test.each([
  ["192.0.2.1", "198.51.100.2", "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"],
  ["2001:db8:0:0::1", "::1", "PROXY TCP6 2001:db8::1 ::1 56324 443\r\n"],
  ["::ffff:192.0.2.1", "198.51.100.2", "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"],
  ["192.0.2.1", "::1", "PROXY UNKNOWN\r\n"],
])("writeProxyHeader() of version 1 from %s to %s is %j", (source, destination, expected) => {
  expect(writeProxyHeader("v1", ends(source, destination)).toString("latin1")).toBe(expected);
});

const SIGNATURE = "0d0a0d0a000d0a515549540a";

test.each([
  ["192.0.2.1", "198.51.100.2", "2111000c", "c0000201c6336402"],
  ["2001:db8::1", "::1", "21210024", `20010db8${"0".repeat(23)}1${"0".repeat(31)}1`],
  ["192.0.2.1", "::1", "21210024", `${"0".repeat(20)}ffffc0000201${"0".repeat(31)}1`],
  ["::1", "::ffff:192.0.2.1", "21210024", `${"0".repeat(31)}1${"0".repeat(20)}ffffc0000201`],
])(
  "writeProxyHeader() of version 2 from %s to %s is right to the octet",
  (source, destination, fixed, addresses) => {
    const header = writeProxyHeader("v2", ends(source, destination));
    expect(header.toString("hex")).toBe(`${SIGNATURE}${fixed}${addresses}dc0401bb`);
  },
);
