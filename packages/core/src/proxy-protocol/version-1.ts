import { parseAddress } from "../classify/address.ts";
import type { Address } from "../classify/facts.ts";
import { CR, LF } from "../http/octets.ts";
import { type HeaderReading, INCOMPLETE, type Origin, refused, SOMEBODY } from "./header.ts";

/** Octets of the longest line, CR LF included (section 2.1). */
const LONGEST = 107;
const BEGINNING = "PROXY ";

/** The human-readable header: `PROXY TCP4 192.0.2.1 192.0.2.2 56324 443`, and CR LF (section 2.1). */
export function readVersion1(octets: Buffer): HeaderReading {
  const begun = Math.min(octets.length, BEGINNING.length);
  for (let i = 0; i < begun; i++)
    if (octets[i] !== BEGINNING.charCodeAt(i)) return refused("proxy_header_missing", i);
  const end = lineEnd(octets);
  if (end < 0) return octets.length < LONGEST ? INCOMPLETE : refused("proxy_header_too_long", LONGEST);
  // The receiver must not tolerate a single CR or LF where a complete CR LF is expected.
  if (octets[end] === LF) return refused("proxy_header_malformed", end);
  if (end + 1 === octets.length) return INCOMPLETE;
  if (octets[end + 1] !== LF) return refused("proxy_header_malformed", end);
  const origin = originOf(octets.latin1Slice(BEGINNING.length, end));
  if (origin === undefined) return refused("proxy_header_malformed", BEGINNING.length);
  return { outcome: "header", length: end + 2, origin };
}

/** Where the first CR or LF stands, as far as the line may go and CR LF still fits; -1 when there is none. */
function lineEnd(octets: Buffer): number {
  const limit = Math.min(octets.length, LONGEST);
  for (let i = BEGINNING.length; i < limit; i++) {
    const octet = octets[i];
    if (octet === LF || (octet === CR && i < LONGEST - 1)) return i;
  }
  return -1;
}

/** What stands between `PROXY ` and CR LF. Undefined when it is not exactly as the specification has it. */
function originOf(line: string): Origin | undefined {
  // Whatever follows UNKNOWN has to be ignored.
  if (line === "UNKNOWN" || line.startsWith("UNKNOWN ")) return SOMEBODY;
  const [protocol, sourceText = "", destinationText = "", sourcePort = "", destinationPort = "", ...rest] =
    line.split(" ");
  const read = protocol === "TCP4" ? readIPv4 : protocol === "TCP6" ? readIPv6 : undefined;
  const source = read?.(sourceText);
  const destination = read?.(destinationText);
  if (source === undefined || destination === undefined || rest.length > 0) return undefined;
  if (!isPort(sourcePort) || !isPort(destinationPort)) return undefined;
  return {
    speaksFor: "client",
    source: { address: source, port: Number(sourcePort) },
    destination: { address: destination, port: Number(destinationPort) },
  };
}

function readIPv4(text: string): Address | undefined {
  return text.includes(":") ? undefined : parseAddress(text);
}

/** Hexadecimal parts and colons; parseAddress judges their number. */
const IPV6 = /^[0-9A-Fa-f:]+$/;
/** As inet_ntop writes an IPv4-mapped address, and HAProxy so sends it. The decimal parts are judged by parseAddress. */
const MAPPED = /^::ffff:(?=\d+\.)/i;

function readIPv6(text: string): Address | undefined {
  if (MAPPED.test(text)) return readIPv4(text.replace(MAPPED, ""));
  return IPV6.test(text) ? parseAddress(text) : undefined;
}

/** Decimal, without a zero in front that would make it octal to some. */
const PORT = /^(?:0|[1-9]\d{0,4})$/;

function isPort(text: string): boolean {
  return PORT.test(text) && Number(text) <= 65_535;
}
