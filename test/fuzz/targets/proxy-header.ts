import type { HeaderReading } from "../../../packages/core/src/proxy-protocol/header.ts";
import { readProxyHeader } from "../../../packages/core/src/proxy-protocol/read.ts";
import { writeProxyHeader } from "../../../packages/core/src/proxy-protocol/write.ts";
import { require, type Target } from "../engine/target.ts";

const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";

/** The PROXY protocol's headers, both versions. */
export class ProxyHeaderTarget implements Target {
  readonly name = "proxy-header";
  readonly claim =
    "a PROXY header is read alike however much of the connection has come, and what is written is read back";
  readonly seeds = [
    "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\nGET / HTTP/1.1\r\n",
    "PROXY TCP6 2001:db8::1 ::ffff:192.0.2.2 1 65535\r\n",
    "PROXY UNKNOWN whatever\r\n",
    `${SIGNATURE}\x21\x11\x00\x0c\xc0\x00\x02\x01\xc0\x00\x02\x02\x04\xd2\x01\xbbGET`,
    `${SIGNATURE}\x20\x00\x00\x00`,
    `${SIGNATURE}\x21\x21\x00\x24${"\x20".repeat(36)}`,
    `${SIGNATURE}\x21\x11\x00\x13\xc0\x00\x02\x01\xc0\x00\x02\x02\x04\xd2\x01\xbb\x03\x00\x04aaaa`,
  ];
  readonly dictionary = [
    "PROXY ",
    "TCP4 ",
    "TCP6 ",
    "UNKNOWN",
    "\r\n",
    "::",
    "0.0.0.0 ",
    "65536",
    "01",
    SIGNATURE,
    "\x03\x00\x04",
  ];
  readonly maxBytes = 600;
  readonly weight = 1;

  run(octets: Buffer): string {
    const whole = readProxyHeader(octets);
    for (let length = 0; length < octets.length; length++) checkBeginning(octets, length, whole);
    if (whole.outcome === "header") checkHeader(octets, whole);
    return `${whole.outcome} ${whole.outcome === "refused" ? whole.fault : ""}`;
  }
}

/** What less of the octets says is the same, or that more is needed. */
function checkBeginning(octets: Buffer, length: number, whole: HeaderReading): void {
  const part = readProxyHeader(octets.subarray(0, length));
  if (part.outcome === "incomplete") {
    const known = whole.outcome === "header" && whole.length <= length;
    require(!known, () => `${length} octets are not enough for a header of less`);
    return;
  }
  const [a, b] = [JSON.stringify(part), JSON.stringify(whole)];
  require(a === b, () => `${length} octets: ${a}, all: ${b}`);
}

function checkHeader(octets: Buffer, { length, origin }: HeaderReading & { outcome: "header" }): void {
  require(length <= octets.length, () => `a header of ${length} in ${octets.length} octets`);
  if (origin.speaksFor !== "client") return;
  const { source, destination } = origin;
  for (const version of ["v1", "v2"] as const) {
    const again = readProxyHeader(writeProxyHeader(version, { source, destination }));
    const mixed = source.address.family !== destination.address.family;
    if (mixed) continue;
    require(again.outcome === "header", () => `${version} of what was read is ${JSON.stringify(again)}`);
    const [a, b] = [JSON.stringify(again.origin), JSON.stringify(origin)];
    require(a === b, () => `${version}: ${a}, where it should be ${b}`);
  }
}
