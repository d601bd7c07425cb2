import { COLON, CR, HTAB, LF, SEMICOLON, SP, TOKEN } from "./octets.ts";

/**
 * Where the body of a message ends (RFC 9112 sections 6 and 7). Octets pass as they are; this only finds the end and
 * refuses what is not well-formed, in whatever pieces it arrives.
 */
export interface BodyFraming {
  /** Octets of `bytes` between `from` and `to` that belong to this body; less than all of them once it is done. */
  take(bytes: Uint8Array, from: number, to: number): number;
  readonly done: boolean;
  /** Set when the octets are not a body; then nothing more may be taken. */
  readonly fault: BodyFault | undefined;
}

export type BodyFault = "chunk" | "chunk-extension-bytes" | "trailer" | "trailer-bytes";

/** A body of known length (RFC 9112 section 6.2). */
export class LengthBody implements BodyFraming {
  readonly fault = undefined;
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  take(_bytes: Uint8Array, from: number, to: number): number {
    const taken = Math.min(this.#left, to - from);
    this.#left -= taken;
    return taken;
  }
}

/** A response body that ends with the connection (RFC 9112 section 6.3, rule 8). */
export class CloseDelimitedBody implements BodyFraming {
  readonly fault = undefined;
  readonly done = false;

  take(_bytes: Uint8Array, from: number, to: number): number {
    return to - from;
  }
}

/** No body at all. */
export const NO_BODY: BodyFraming = Object.freeze({ fault: undefined, done: true, take: () => 0 });

/** Places in the grammar of RFC 9112 section 7.1. */
const SIZE_FIRST = 0;
const SIZE = 1;
const EXTENSION = 2;
const SIZE_LF = 3;
const DATA = 4;
const DATA_CR = 5;
const DATA_LF = 6;
const TRAILER_START = 7;
const TRAILER_NAME = 8;
const TRAILER_VALUE = 9;
const TRAILER_LF = 10;
const LAST_LF = 11;
const DONE = 12;

/** Hexadecimal digits of a chunk size: 2^48 octets in one chunk are more than anybody sends honestly. */
const MAX_SIZE_DIGITS = 12;

/** Fields that frame, route or authenticate may not come late (RFC 9110 section 6.5.1). */
const FORBIDDEN_IN_TRAILERS = new Set([
  "transfer-encoding",
  "content-length",
  "host",
  "connection",
  "keep-alive",
  "proxy-connection",
  "upgrade",
  "te",
  "trailer",
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "content-encoding",
  "content-type",
  "content-range",
  "expect",
  "max-forwards",
  "cache-control",
  "via",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-request-id",
]);

export interface ChunkedLimits {
  /** Octets of extensions in one body. */
  readonly chunkExtensionBytes: number;
  /** Octets of the trailer section. */
  readonly trailerBytes: number;
}

/** Receives the data without its chunk framing, for a peer that does not know chunks (HTTP/1.0). */
export type DataSink = (bytes: Uint8Array, from: number, to: number) => void;

/** A chunked body (RFC 9112 section 7.1). */
export class ChunkedBody implements BodyFraming {
  fault: BodyFault | undefined;
  readonly #limits: ChunkedLimits;
  readonly #data: DataSink | undefined;
  #state = SIZE_FIRST;
  #size = 0;
  #digits = 0;
  #extensionBytes = 0;
  #quoted = false;
  #escaped = false;
  /** Behind a semicolon, before the name that must follow it. */
  #extensionStart = false;
  #trailerBytes = 0;
  #name = "";

  constructor(limits: ChunkedLimits, data?: DataSink) {
    this.#limits = limits;
    this.#data = data;
  }

  get done(): boolean {
    return this.#state === DONE;
  }

  take(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    while (at < to && this.#state !== DONE && this.fault === undefined) {
      if (this.#state === DATA) at = this.#passData(bytes, at, to);
      else this.#step(bytes[at++] as number);
    }
    return at - from;
  }

  #passData(bytes: Uint8Array, from: number, to: number): number {
    const end = Math.min(to, from + this.#size);
    if (this.#data !== undefined) this.#data(bytes, from, end);
    this.#size -= end - from;
    if (this.#size === 0) this.#state = DATA_CR;
    return end;
  }

  #step(octet: number): void {
    switch (this.#state) {
      case SIZE_FIRST:
      case SIZE:
        this.#sizeOctet(octet);
        break;
      case EXTENSION:
        this.#extensionOctet(octet);
        break;
      case SIZE_LF:
        this.#expect(octet, LF, this.#size === 0 ? TRAILER_START : DATA);
        break;
      case DATA_CR:
        this.#expect(octet, CR, DATA_LF);
        break;
      case DATA_LF:
        this.#digits = 0;
        this.#expect(octet, LF, SIZE_FIRST);
        break;
      case LAST_LF:
        this.#expect(octet, LF, DONE);
        break;
      default:
        this.#trailerOctet(octet);
    }
  }

  #expect(octet: number, expected: number, next: number): void {
    if (octet === expected) this.#state = next;
    else this.fault = "chunk";
  }

  #sizeOctet(octet: number): void {
    const digit = hexadecimal(octet);
    if (digit >= 0) {
      if (this.#state === SIZE_FIRST) this.#size = 0;
      this.#size = this.#size * 16 + digit;
      this.#state = SIZE;
      if (++this.#digits > MAX_SIZE_DIGITS) this.fault = "chunk";
    } else if (this.#state === SIZE_FIRST) this.fault = "chunk";
    else if (octet === CR) this.#state = SIZE_LF;
    else if (octet === SEMICOLON) this.#enterExtension();
    else this.fault = "chunk";
  }

  #enterExtension(): void {
    this.#state = EXTENSION;
    this.#quoted = false;
    this.#escaped = false;
    this.#extensionStart = true;
  }

  /** chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ); a name must follow the semicolon. */
  #extensionOctet(octet: number): void {
    if (++this.#extensionBytes > this.#limits.chunkExtensionBytes) {
      this.fault = "chunk-extension-bytes";
    } else if (this.#quoted) {
      this.#quotedOctet(octet);
    } else if (octet === CR) {
      if (this.#extensionStart) this.fault = "chunk";
      else this.#state = SIZE_LF;
    } else if (octet === 0x22) {
      this.#quoted = true;
    } else if (octet === SEMICOLON) {
      if (this.#extensionStart) this.fault = "chunk";
      this.#extensionStart = true;
    } else if (TOKEN[octet] === 1) {
      this.#extensionStart = false;
    } else if (octet !== 0x3d && octet !== SP && octet !== HTAB) {
      this.fault = "chunk";
    } else if (octet === 0x3d && this.#extensionStart) {
      this.fault = "chunk";
    }
  }

  #quotedOctet(octet: number): void {
    if (isControl(octet)) this.fault = "chunk";
    else if (this.#escaped) this.#escaped = false;
    else if (octet === 0x5c) this.#escaped = true;
    else if (octet === 0x22) this.#quoted = false;
  }

  #trailerOctet(octet: number): void {
    if (++this.#trailerBytes > this.#limits.trailerBytes) {
      this.fault = "trailer-bytes";
      return;
    }
    switch (this.#state) {
      case TRAILER_START:
        this.#name = "";
        if (octet === CR) this.#state = LAST_LF;
        else this.#trailerNameOctet(octet);
        return;
      case TRAILER_NAME:
        if (octet !== COLON) this.#trailerNameOctet(octet);
        else if (FORBIDDEN_IN_TRAILERS.has(this.#name)) this.fault = "trailer";
        else this.#state = TRAILER_VALUE;
        return;
      case TRAILER_VALUE:
        if (octet === CR) this.#state = TRAILER_LF;
        else if (isControl(octet)) this.fault = "trailer";
        return;
      case TRAILER_LF:
        if (octet === LF) this.#state = TRAILER_START;
        else this.fault = "trailer";
    }
  }

  #trailerNameOctet(octet: number): void {
    if (TOKEN[octet] !== 1) this.fault = "trailer";
    else this.#name += String.fromCharCode(octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet);
    this.#state = TRAILER_NAME;
  }
}

/** Control characters but the tab (RFC 9110 section 5.5). */
function isControl(octet: number): boolean {
  return (octet < SP && octet !== HTAB) || octet === 0x7f;
}

function hexadecimal(octet: number): number {
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30;
  const lower = octet | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
