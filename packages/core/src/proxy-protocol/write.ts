import type { Address } from "../classify/facts.ts";
import type { Endpoints } from "./header.ts";
import {
  FAMILY_AT,
  FIXED_BYTES,
  INET,
  INET6,
  LENGTH_AT,
  PROXY,
  SIGNATURE,
  STREAM,
  VERSION_AT,
} from "./version-2.ts";

/**
 * The header that names the client and what it has connected to. An IPv4 address beside one of IPv6 stands as an
 * IPv4-mapped one in version 2; version 1 has no form for the two together, and says that they are not known.
 */
export function writeProxyHeader(version: "v1" | "v2", ends: Endpoints): Buffer {
  return version === "v1" ? Buffer.from(writeVersion1(ends), "latin1") : writeVersion2(ends);
}

function writeVersion1({ source, destination }: Endpoints): string {
  if (source.address.family !== destination.address.family) return "PROXY UNKNOWN\r\n";
  const addresses = `${source.address.text} ${destination.address.text}`;
  return `PROXY TCP${source.address.family} ${addresses} ${source.port} ${destination.port}\r\n`;
}

function writeVersion2({ source, destination }: Endpoints): Buffer {
  const bytes = source.address.family === 4 && destination.address.family === 4 ? 4 : 16;
  const length = bytes * 2 + 4;
  const header = Buffer.alloc(FIXED_BYTES + length);
  header.set(SIGNATURE);
  header[VERSION_AT] = PROXY;
  header[FAMILY_AT] = ((bytes === 4 ? INET : INET6) << 4) | STREAM;
  header.writeUInt16BE(length, LENGTH_AT);
  writeAddress(source.address, header, FIXED_BYTES, bytes);
  writeAddress(destination.address, header, FIXED_BYTES + bytes, bytes);
  header.writeUInt16BE(source.port, FIXED_BYTES + bytes * 2);
  header.writeUInt16BE(destination.port, FIXED_BYTES + bytes * 2 + 2);
  return header;
}

/** The prefix ::ffff:0:0/96 under which IPv6 carries IPv4 addresses (RFC 4291, section 2.5.5.2). */
const MAPPED_PREFIX = 0xffff;

function writeAddress({ family, words }: Address, into: Buffer, at: number, bytes: 4 | 16): void {
  if (bytes === 4) into.writeUInt32BE(words[0], at);
  else if (family === 4) {
    into.writeUInt32BE(MAPPED_PREFIX, at + 8);
    into.writeUInt32BE(words[0], at + 12);
  } else for (const [i, word] of words.entries()) into.writeUInt32BE(word, at + i * 4);
}
