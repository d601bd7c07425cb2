import { equalsIgnoringCase, LOWER } from "./octets.ts";

/**
 * Field names as small numbers. Heads are judged as octets; a name is hashed where it stands and becomes a string
 * only when a rule asks for one that is not in this table.
 */

/** Names that the proxy itself acts on (RFC 9110 section 7.6.1 and others), in lower case. Their index + 1 is their number. */
const KNOWN = [
  "host",
  "content-length",
  "transfer-encoding",
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "upgrade",
  "expect",
  "cookie",
  "authorization",
  "proxy-authorization",
  "proxy-authenticate",
  "via",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "forwarded",
  "x-request-id",
  "http2-settings",
  "proxy-authentication-info",
  "www-authenticate",
  "date",
  "max-forwards",
  "x-real-ip",
] as const;

export const FIELD = Object.freeze({
  UNKNOWN: 0,
  HOST: 1,
  CONTENT_LENGTH: 2,
  TRANSFER_ENCODING: 3,
  CONNECTION: 4,
  KEEP_ALIVE: 5,
  PROXY_CONNECTION: 6,
  TE: 7,
  TRAILER: 8,
  UPGRADE: 9,
  EXPECT: 10,
  COOKIE: 11,
  AUTHORIZATION: 12,
  PROXY_AUTHORIZATION: 13,
  PROXY_AUTHENTICATE: 14,
  VIA: 15,
  X_FORWARDED_FOR: 16,
  X_FORWARDED_PROTO: 17,
  X_FORWARDED_HOST: 18,
  FORWARDED: 19,
  X_REQUEST_ID: 20,
  HTTP2_SETTINGS: 21,
  PROXY_AUTHENTICATION_INFO: 22,
  WWW_AUTHENTICATE: 23,
  DATE: 24,
  MAX_FORWARDS: 25,
  X_REAL_IP: 26,
} as const);

/**
 * Added to the number of a name that a field only resembles: `X_Forwarded_For`. To a server that hands fields to its
 * programs as variables (CGI, RFC 3875 section 4.1.18) both are one.
 */
export const RESEMBLES = 0x8000;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const HYPHEN = 0x2d;
const UNDERSCORE = 0x5f;

/** Letters in lower case and underscores as hyphens. */
const FOLDED = LOWER.slice();
FOLDED[UNDERSCORE] = HYPHEN;

/** All names that begin so are of one family, whether somebody has thought of them or not. */
const FORWARDED_PREFIX = Buffer.from("x-forwarded-");

/** FNV-1a over the folded octets. */
function hashName(bytes: Uint8Array, at: number, length: number): number {
  let hash = FNV_OFFSET;
  for (let i = at; i < at + length; i++)
    hash = Math.imul(hash ^ (FOLDED[bytes[i] as number] as number), FNV_PRIME);
  return hash >>> 0;
}

/** Length and first letter of a name in ten bits. */
function outline(length: number, first: number): number {
  return ((length & 31) << 5) | ((FOLDED[first] as number) & 31);
}

function resembles(bytes: Uint8Array, at: number, length: number, name: Uint8Array): boolean {
  if (length !== name.length) return false;
  for (let i = 0; i < length; i++)
    if (FOLDED[bytes[at + i] as number] !== FOLDED[name[i] as number]) return false;
  return true;
}

function startsWithFolded(name: Uint8Array, prefix: Uint8Array): boolean {
  return name.length >= prefix.length && resembles(name, 0, prefix.length, prefix);
}

export class FieldNames {
  readonly #numbers = new Map<string, number>();
  readonly #octets: Uint8Array[] = [new Uint8Array(0)];
  readonly #slots: Uint16Array;
  readonly #mask: number;
  /** 1 for each outline that a name of the table has: most other names are not even hashed. */
  readonly #outlines = new Uint8Array(1_024);

  /** `extra`: names that rules and identity read, besides the known ones; fewer than 2^15. */
  constructor(extra: readonly string[] = []) {
    const names = [...new Set([...KNOWN, ...extra.map((name) => name.toLowerCase())])];
    // A quarter full at most: a probe seldom takes a second step.
    const size = 2 ** Math.ceil(Math.log2(names.length * 4));
    this.#slots = new Uint16Array(size);
    this.#mask = size - 1;
    for (const name of names) this.#add(name);
  }

  /** Numbers run from 1 to this. */
  get count(): number {
    return this.#octets.length - 1;
  }

  /** The number of all names that begin with `X-Forwarded-` and are not in the table. */
  get forwardedOther(): number {
    return this.#octets.length;
  }

  /**
   * The number of a name that stands in a message; FIELD.UNKNOWN when the table does not have it, and RESEMBLES more
   * than the number of one that it has when they differ in hyphens and underscores only.
   */
  numberAt(bytes: Uint8Array, at: number, length: number): number {
    if (this.#outlines[outline(length, bytes[at] as number)] === 0) return this.#family(bytes, at, length);
    let otherwise: number = FIELD.UNKNOWN;
    for (let slot = hashName(bytes, at, length) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const number = this.#slots[slot] as number;
      if (number === 0) return otherwise || this.#family(bytes, at, length);
      const name = this.#octets[number] as Uint8Array;
      if (equalsIgnoringCase(bytes, at, length, name)) return number;
      if (resembles(bytes, at, length, name)) otherwise = number | RESEMBLES;
    }
  }

  /** The number of a name in lower case; FIELD.UNKNOWN when the table does not have it. */
  numberOf(name: string): number {
    return this.#numbers.get(name) ?? FIELD.UNKNOWN;
  }

  /** Numbers of the names that differ from that of a number in hyphens and underscores only. */
  resembling(number: number): number[] {
    const name = this.#octets[number] as Uint8Array;
    return [...this.#numbers.values()].filter(
      (other) => other !== number && resembles(name, 0, name.length, this.#octets[other] as Uint8Array),
    );
  }

  /** Numbers of the names that begin with `x-forwarded-`. */
  forwarded(): number[] {
    return this.#numbersOf((name) => startsWithFolded(name, FORWARDED_PREFIX) && !name.includes(UNDERSCORE));
  }

  /** Numbers of the names that begin so but for underscores. */
  forwardedLike(): number[] {
    return this.#numbersOf((name) => startsWithFolded(name, FORWARDED_PREFIX) && name.includes(UNDERSCORE));
  }

  #numbersOf(accepts: (name: Uint8Array) => boolean): number[] {
    return [...this.#numbers.values()].filter((number) => accepts(this.#octets[number] as Uint8Array));
  }

  /** Of a name that is not in the table: the number of its family, with RESEMBLES where it has underscores. */
  #family(bytes: Uint8Array, at: number, length: number): number {
    const first = FOLDED[bytes[at] as number];
    if (first !== FORWARDED_PREFIX[0] || length < FORWARDED_PREFIX.length) return FIELD.UNKNOWN;
    const name = bytes.subarray(at, at + length);
    if (!startsWithFolded(name, FORWARDED_PREFIX)) return FIELD.UNKNOWN;
    return name.includes(UNDERSCORE) ? this.forwardedOther | RESEMBLES : this.forwardedOther;
  }

  #add(name: string): void {
    const octets = Buffer.from(name, "latin1");
    const number = this.#octets.push(octets) - 1;
    this.#numbers.set(name, number);
    this.#outlines[outline(octets.length, octets[0] as number)] = 1;
    let slot = hashName(octets, 0, octets.length) & this.#mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = number;
  }
}
