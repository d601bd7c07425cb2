import { parseAddress } from "../classify/address.ts";
import {
  allIn,
  CLOSE_BRACKET,
  COLON,
  decimal,
  HOST_LITERAL,
  HOST_NAME,
  hexDigit,
  OPEN_BRACKET,
} from "./octets.ts";

const PERCENT = 0x25;
const HIGHEST_PORT = 65_535;

/**
 * host [":" port] (RFC 9110 section 7.2, RFC 3986 section 3.2): a name, an IPv4 address or an IPv6 address in
 * brackets, not empty, without userinfo; the port may be empty.
 */
export function isAuthority(bytes: Buffer, from: number, to: number): boolean {
  const hostEnd = bytes[from] === OPEN_BRACKET ? literalEnd(bytes, from, to) : nameEnd(bytes, from, to);
  return hostEnd > from && (hostEnd === to || (bytes[hostEnd] === COLON && isPort(bytes, hostEnd + 1, to)));
}

function nameEnd(bytes: Buffer, from: number, to: number): number {
  let end = from;
  while (end < to && HOST_NAME[bytes[end] as number] === 1) {
    if (bytes[end] === PERCENT && !isEncoded(bytes, end, to)) return -1;
    end++;
  }
  return end;
}

function isEncoded(bytes: Buffer, percent: number, to: number): boolean {
  if (percent + 2 >= to) return false;
  return hexDigit(bytes[percent + 1] as number) >= 0 && hexDigit(bytes[percent + 2] as number) >= 0;
}

/** Where the brackets end; -1 when it is no address. */
function literalEnd(bytes: Buffer, from: number, to: number): number {
  let end = from + 1;
  while (end < to && bytes[end] !== CLOSE_BRACKET) end++;
  if (end === to || !allIn(bytes, from + 1, end, HOST_LITERAL)) return -1;
  const text = bytes.latin1Slice(from + 1, end);
  return text.includes(":") && parseAddress(text) !== undefined ? end + 1 : -1;
}

function isPort(bytes: Buffer, from: number, to: number): boolean {
  if (from === to) return true;
  const port = decimal(bytes, from, to);
  return port >= 0 && port <= HIGHEST_PORT;
}
