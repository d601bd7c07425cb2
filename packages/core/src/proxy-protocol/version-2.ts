import { parseAddress } from "../classify/address.ts";
import type { Address } from "../classify/facts.ts";
import { FIXED } from "../config/defaults.ts";
import { crc32c } from "./crc32c.ts";
import {
  type Endpoint,
  type HeaderReading,
  INCOMPLETE,
  ITSELF,
  type Origin,
  refused,
  SOMEBODY,
} from "./header.ts";

/** The twelve octets that every binary header begins with. */
export const SIGNATURE: Uint8Array = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");

/** Signature, version and command, family and protocol, length. */
export const FIXED_BYTES = 16;
export const VERSION_AT = 12;
export const FAMILY_AT = 13;
export const LENGTH_AT = 14;

const LOCAL = 0x20;
export const PROXY = 0x21;

/** Families stand in the upper half of the octet, protocols (UNSPEC, STREAM, DGRAM) in the lower. */
export const INET = 1;
export const INET6 = 2;
export const STREAM = 1;
const HIGHEST_PROTOCOL = 2;

/** Octets of both addresses, and of both ports where there are any, by family; the last is UNIX. */
const ADDRESS_BYTES = [0, 12, 36, 216] as const;

/** The binary header (section 2.2). */
export function readVersion2(octets: Buffer): HeaderReading {
  for (let i = 0; i < Math.min(octets.length, SIGNATURE.length); i++)
    if (octets[i] !== SIGNATURE[i]) return refused("proxy_header_missing", i);
  const command = octets[VERSION_AT];
  if (command === undefined) return INCOMPLETE;
  if (command !== PROXY && command !== LOCAL) return refused("proxy_header_malformed", VERSION_AT);
  // The family of a LOCAL header is to be ignored, whatever it says.
  if (command === PROXY && octets.length > FAMILY_AT && !isFamily(octets[FAMILY_AT] as number))
    return refused("proxy_header_malformed", FAMILY_AT);
  if (octets.length < FIXED_BYTES) return INCOMPLETE;
  const length = FIXED_BYTES + octets.readUInt16BE(LENGTH_AT);
  if (length > FIXED.proxyHeaderBytes) return refused("proxy_header_too_long", LENGTH_AT);
  if (length < addressEnd(octets)) return refused("proxy_header_malformed", LENGTH_AT);
  return octets.length < length ? INCOMPLETE : readWhole(octets.subarray(0, length));
}

function isFamily(octet: number): boolean {
  return octet >> 4 < ADDRESS_BYTES.length && (octet & 0x0f) <= HIGHEST_PROTOCOL;
}

/** Where the vectors begin. Of a LOCAL header and of one without a family nothing says that there are addresses. */
function addressEnd(header: Buffer): number {
  if (header[VERSION_AT] === LOCAL) return FIXED_BYTES;
  return FIXED_BYTES + (ADDRESS_BYTES[(header[FAMILY_AT] as number) >> 4] ?? 0);
}

/** `header`: all of it, and nothing else. */
function readWhole(header: Buffer): HeaderReading {
  const from = addressEnd(header);
  const vectors = readVectors(header, from);
  // What stands behind the length of a header without addresses may be anything: it has to be skipped, not judged.
  if (vectors.fault !== undefined && from > FIXED_BYTES)
    return refused("proxy_header_malformed", vectors.fault);
  const { checksumAt, fault } = vectors;
  if (fault === undefined && checksumAt !== undefined && !checksumHolds(header, checksumAt))
    return refused("proxy_header_checksum", checksumAt);
  return { outcome: "header", length: header.length, origin: originOf(header) };
}

const CHECKSUM = 0x03;
const VECTOR_BYTES = 3;
const CHECKSUM_BYTES = 4;

interface Vectors {
  /** Where the value of the checksum begins, if there is one. */
  readonly checksumAt?: number;
  /** Where they are not well-formed: one exceeds the header, or there is a second checksum, or one of a wrong length. */
  readonly fault?: number;
}

/** Goes through the vectors of type, length and value, and looks at none but the checksum (section 2.2.3). */
function readVectors(header: Buffer, from: number): Vectors {
  let checksumAt: number | undefined;
  let at = from;
  while (at < header.length) {
    if (at + VECTOR_BYTES > header.length) return { fault: at };
    const value = at + VECTOR_BYTES;
    const bytes = header.readUInt16BE(at + 1);
    if (value + bytes > header.length) return { fault: at };
    if (header[at] === CHECKSUM) {
      if (bytes !== CHECKSUM_BYTES || checksumAt !== undefined) return { fault: at };
      checksumAt = value;
    }
    at = value + bytes;
  }
  return checksumAt === undefined ? {} : { checksumAt };
}

function checksumHolds(header: Buffer, at: number): boolean {
  return crc32c(header, at) === header.readUInt32BE(at);
}

function originOf(header: Buffer): Origin {
  if (header[VERSION_AT] === LOCAL) return ITSELF;
  switch (header[FAMILY_AT]) {
    case (INET << 4) | STREAM:
      return endpoints(header, 4);
    case (INET6 << 4) | STREAM:
      return endpoints(header, 16);
    default:
      return SOMEBODY;
  }
}

/** Both addresses, then both ports. */
function endpoints(header: Buffer, bytes: 4 | 16): Origin {
  const ports = FIXED_BYTES + bytes * 2;
  return {
    speaksFor: "client",
    source: endpoint(header, FIXED_BYTES, bytes, ports),
    destination: endpoint(header, FIXED_BYTES + bytes, bytes, ports + 2),
  };
}

function endpoint(header: Buffer, at: number, bytes: 4 | 16, portAt: number): Endpoint {
  return {
    address: bytes === 4 ? ipv4At(header, at) : ipv6At(header, at),
    port: header.readUInt16BE(portAt),
  };
}

/** Through their texts: so there is one place that knows how an address is held. */
function ipv4At(header: Buffer, at: number): Address {
  return parseAddress(header.subarray(at, at + 4).join(".")) as Address;
}

function ipv6At(header: Buffer, at: number): Address {
  const parts = Array.from({ length: 8 }, (_, i) => header.readUInt16BE(at + i * 2).toString(16));
  return parseAddress(parts.join(":")) as Address;
}
