/** Octets with a meaning in HTTP/1.1 messages (RFC 9112 section 2, RFC 5234 appendix B.1). */
export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const HASH = 0x23;
export const ASTERISK = 0x2a;
export const COMMA = 0x2c;
export const SLASH = 0x2f;
export const ZERO = 0x30;
export const ONE = 0x31;
export const EIGHT = 0x38;
export const NINE = 0x39;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const QUESTION = 0x3f;
export const AT = 0x40;
export const OPEN_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;
export const QUOTE = 0x22;
export const DEL = 0x7f;

/** Octets of a token (RFC 9110 section 5.6.2): 1 in, 0 out. */
export const TOKEN = tableOf("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

/**
 * Octets of a registered name or IPv4 address (RFC 3986 section 3.2.2), without the comma: a Host with a comma is
 * a list to some and a name to others.
 */
export const HOST_NAME = tableOf(
  "-._~!$&'()*+;=%0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
);

/** Octets inside the brackets of an IPv6 address. */
export const HOST_LITERAL = tableOf(".:0123456789ABCDEFabcdef");

/** Octets of field values and reason phrases (RFC 9110 section 5.5): all but the control characters, tab allowed. */
export const TEXT = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet === HTAB || (octet >= SP && octet !== DEL) ? 1 : 0,
);

/** Letters in lower case, every other octet as it is. */
export const LOWER = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet,
);

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (let i = 0; i < characters.length; i++) table[characters.charCodeAt(i)] = 1;
  return table;
}

/** Whether every octet of a non-empty range is in a table. */
export function allIn(bytes: Uint8Array, from: number, to: number, table: Uint8Array): boolean {
  for (let i = from; i < to; i++) if (table[bytes[i] as number] === 0) return false;
  return to > from;
}

/** Whether octets equal a text in lower case, letters compared without case. */
export function equalsIgnoringCase(
  bytes: Uint8Array,
  at: number,
  length: number,
  lower: Uint8Array,
): boolean {
  if (length !== lower.length) return false;
  for (let i = 0; i < length; i++) if (LOWER[bytes[at + i] as number] !== lower[i]) return false;
  return true;
}

/** Whether two ranges of one length are equal, letters compared without case. */
export function sameIgnoringCase(bytes: Uint8Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++)
    if (LOWER[bytes[a + i] as number] !== LOWER[bytes[b + i] as number]) return false;
  return true;
}

export function isDigit(octet: number): boolean {
  return octet >= ZERO && octet <= NINE;
}

/** The value of a hexadecimal digit; -1 when it is none. */
export function hexDigit(octet: number): number {
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30;
  const lower = octet | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Optional whitespace (RFC 9110 section 5.6.3): the first offset at or after `at` that has none. */
export function skipWhitespace(bytes: Uint8Array, at: number, to: number): number {
  let i = at;
  while (i < to && (bytes[i] === SP || bytes[i] === HTAB)) i++;
  return i;
}

/** The end of a range without the whitespace at its end. */
export function trimEnd(bytes: Uint8Array, from: number, to: number): number {
  let i = to;
  while (i > from && (bytes[i - 1] === SP || bytes[i - 1] === HTAB)) i--;
  return i;
}

/** A decimal number of 1 to 15 digits; -1 when it is anything else. */
export function decimal(bytes: Uint8Array, from: number, to: number): number {
  if (to <= from || to - from > 15) return -1;
  let value = 0;
  for (let i = from; i < to; i++) {
    const octet = bytes[i] as number;
    if (!isDigit(octet)) return -1;
    value = value * 10 + octet - ZERO;
  }
  return value;
}
