import { hexDigit, SLASH } from "./octets.ts";

/**
 * The path that rules are compared with. It is never sent: the server gets the bytes that the client sent.
 *
 * Two spellings that servers take for one must not go to different classes. So what may stand in a path segment as it
 * is (RFC 3986 section 3.3) is decoded, everything else is encoded, with hex digits in upper case; then dot segments
 * are removed (section 5.2.4). In this order, because `%2e%2e` is `..` to a server. Each `%` is decoded once, `%2F`
 * stays apart from `/`, empty segments stay, and a `%` that begins no encoding is one that was meant: `%25`, so that what
 * comes out reads as itself. An empty path is `/`.
 * Where another reading is possible, path-readings.ts has it.
 */
export function pathForMatching(rawPath: string): string {
  return rawPath === "" ? "/" : withoutDotSegments(normalisePath(rawPath));
}

/** All that may stand in a segment, and the slash between two. */
const NORMAL = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/]*$/;
const IN_SEGMENT = /[A-Za-z0-9\-._~!$&'()*+,;=:@]/;
/** 1 for octets that may stand in a segment. */
const SEGMENT = Uint8Array.from({ length: 256 }, (_, octet) =>
  IN_SEGMENT.test(String.fromCharCode(octet)) ? 1 : 0,
);
const HEX_DIGITS = Buffer.from("0123456789ABCDEF");
const PERCENT = 0x25;
const DOT = 0x2e;

/**
 * The spelling alone, of a path or of a part of one: dot segments stay. In a rule it may have any characters: they are
 * encoded as UTF-8. Octet by octet, as a peer can send 16 KiB in which each one has to be encoded.
 */
export function normalisePath(text: string): string {
  if (NORMAL.test(text)) return text;
  const from = Buffer.from(text);
  const to = Buffer.allocUnsafe(from.length * ENCODED_LENGTH);
  let length = 0;
  for (let at = 0; at < from.length; at++) {
    let octet = from[at] as number;
    const decoded = octet === PERCENT ? encodedOctet(from, at) : -1;
    if (decoded >= 0) {
      octet = decoded;
      at += ENCODED_LENGTH - 1;
    }
    if (SEGMENT[octet] === 1 || (octet === SLASH && decoded < 0)) to[length++] = octet;
    else length = encode(octet, to, length);
  }
  return to.latin1Slice(0, length);
}

/** `%XX` */
const ENCODED_LENGTH = 3;

/** What `%XX` at a place stands for; -1 where two hexadecimal digits do not follow. */
function encodedOctet(octets: Uint8Array, percent: number): number {
  if (percent + 2 >= octets.length) return -1;
  const high = hexDigit(octets[percent + 1] as number);
  const low = hexDigit(octets[percent + 2] as number);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/** Returns the place behind it. */
function encode(octet: number, to: Uint8Array, at: number): number {
  to[at] = PERCENT;
  to[at + 1] = HEX_DIGITS[octet >> 4] as number;
  to[at + 2] = HEX_DIGITS[octet & 15] as number;
  return at + ENCODED_LENGTH;
}

/** RFC 3986, section 5.2.4, on an absolute path in the spelling of `normalisePath`: one pass over its segments. */
export function withoutDotSegments(path: string): string {
  if (!path.startsWith("/") || !path.includes("/.")) return path;
  const octets = Buffer.from(path, "latin1");
  let length = 0;
  // Each segment with the slash before it. What is kept moves to the front, over what was read already.
  for (let at = 0; at < octets.length; ) {
    const end = segmentEnd(octets, at + 1);
    const dots = dotsIn(octets, at + 1, end);
    if (dots === 2) length = lastSlash(octets, length);
    if (dots === 0) for (; at < end; at++) octets[length++] = octets[at] as number;
    // what ends in a dot segment names a directory, so the slash before it stays
    else if (end === octets.length) octets[length++] = SLASH;
    at = end;
  }
  return octets.latin1Slice(0, length);
}

function segmentEnd(octets: Uint8Array, from: number): number {
  let end = from;
  while (end < octets.length && octets[end] !== SLASH) end++;
  return end;
}

/** How many dots a dot segment has; 0 for other segments. */
function dotsIn(octets: Uint8Array, from: number, to: number): number {
  const length = to - from;
  if (length === 0 || length > 2) return 0;
  return octets[from] === DOT && octets[to - 1] === DOT ? length : 0;
}

/** Where the last segment before a place begins with its slash; 0 where there is none. */
function lastSlash(octets: Uint8Array, before: number): number {
  let at = before;
  while (at > 0 && octets[--at] !== SLASH);
  return at;
}
