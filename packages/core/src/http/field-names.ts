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
} as const);

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const CASE_BIT = 0x20;

/** FNV-1a over the name with the case bit set in each octet: letters lose their case, others may collide. */
function hashName(bytes: Uint8Array, at: number, length: number): number {
  let hash = FNV_OFFSET;
  for (let i = at; i < at + length; i++)
    hash = Math.imul(hash ^ ((bytes[i] as number) | CASE_BIT), FNV_PRIME);
  return hash >>> 0;
}

/** Whether octets equal a name in lower case, letters compared without case (RFC 9110 section 5.1). */
export function equalsIgnoringCase(
  bytes: Uint8Array,
  at: number,
  length: number,
  lower: Uint8Array,
): boolean {
  if (length !== lower.length) return false;
  for (let i = 0; i < length; i++) {
    const octet = bytes[at + i] as number;
    const folded = octet >= 0x41 && octet <= 0x5a ? octet | CASE_BIT : octet;
    if (folded !== lower[i]) return false;
  }
  return true;
}

export class FieldNames {
  readonly #numbers = new Map<string, number>();
  readonly #octets: Uint8Array[] = [new Uint8Array(0)];
  readonly #slots: Uint16Array;
  readonly #mask: number;

  /** `extra`: names that rules and identity read, besides the known ones. */
  constructor(extra: readonly string[] = []) {
    const names = [...new Set([...KNOWN, ...extra.map((name) => name.toLowerCase())])];
    // A quarter full at most: a probe seldom takes a second step.
    const size = 2 ** Math.ceil(Math.log2(names.length * 4));
    this.#slots = new Uint16Array(size);
    this.#mask = size - 1;
    for (const name of names) this.#add(name);
  }

  /** The number of a name that stands in a message; FIELD.UNKNOWN when the table does not have it. */
  numberAt(bytes: Uint8Array, at: number, length: number): number {
    for (let slot = hashName(bytes, at, length) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const number = this.#slots[slot] as number;
      if (number === 0 || equalsIgnoringCase(bytes, at, length, this.#octets[number] as Uint8Array))
        return number;
    }
  }

  /** The number of a name in lower case; FIELD.UNKNOWN when the table does not have it. */
  numberOf(name: string): number {
    return this.#numbers.get(name) ?? FIELD.UNKNOWN;
  }

  #add(name: string): void {
    const octets = Buffer.from(name, "latin1");
    const number = this.#octets.push(octets) - 1;
    this.#numbers.set(name, number);
    let slot = hashName(octets, 0, octets.length) & this.#mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = number;
  }
}
