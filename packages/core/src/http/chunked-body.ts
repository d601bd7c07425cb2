import { FIXED } from "../config/defaults.ts";
import { type BodyFault, type BodyFraming, NO_OCTETS } from "./body.ts";
import { ChunkExtensions, type ExtensionScope } from "./chunk-extensions.ts";
import type { LateNames } from "./late-names.ts";
import { CR, HTAB, hexDigit, LF, SEMICOLON, SP } from "./octets.ts";
import { TrailerSection } from "./trailer-section.ts";

/** Places in the grammar of RFC 9112 section 7.1. */
const SIZE_FIRST = 0;
const SIZE = 1;
const EXTENSIONS_BEGIN = 2;
const EXTENSIONS = 3;
const SIZE_CR = 4;
const SIZE_LF = 5;
const DATA = 6;
const DATA_CR = 7;
const DATA_LF = 8;
const TRAILERS = 9;
const DONE = 10;

const MOST_SIZE = FIXED.chunkBytes;
const MOST_DIGITS = FIXED.chunkSizeDigits;
/** Leading zeros that are sent on: with the digits of the largest size sixteen, and some readers take no more. */
const SENT_ZEROS = 4;

export interface ChunkedLimits {
  /** Octets of extensions: of all chunks of a request together, of each chunk of an answer. */
  readonly chunkExtensionBytes: number;
  /** Octets of the field lines of the trailer section, and how many lines. */
  readonly trailerBytes: number;
  readonly fields: number;
}

/** Receives the data without its chunk framing, for a peer that does not know chunks (HTTP/1.0). */
export type DataSink = (bytes: Uint8Array, from: number, to: number) => void;

/**
 * A chunked body (RFC 9112 section 7.1). Its extensions are cut out: they are of one connection, nobody here knows any,
 * and what a recipient has to ignore no two recipients have ever ignored alike (section 7.1.1). Trailer fields that may
 * not be any are cut out as well (section 7.1.2); a line of which that is not known yet is held back until it is whole.
 */
export class ChunkedBody implements BodyFraming {
  fault: BodyFault | undefined;
  readonly cuts: number[] = [];
  carried: Uint8Array = NO_OCTETS;
  /** Octets of data that all chunks may have together. */
  most = Number.POSITIVE_INFINITY;
  readonly #data: DataSink | undefined;
  readonly #extensions: ChunkExtensions;
  readonly #trailers: TrailerSection;
  /** What has come of a trailer line that is not whole, unless it is dropped; at most `trailerBytes`. */
  #held: Uint8Array = NO_OCTETS;
  #state = SIZE_FIRST;
  /** Of the chunk; while its data passes, what is left of it. */
  #size = 0;
  #digits = 0;
  /** Octets of data that have passed. */
  #passed = 0;

  /**
   * `dropped`: names of fields that are left out of the trailers, besides those that always are; see TrailerSection.
   * `extensionsOf`: what the bound of extensions is for.
   */
  constructor(
    limits: ChunkedLimits,
    data?: DataSink,
    dropped?: LateNames,
    extensionsOf: ExtensionScope = "body",
  ) {
    this.#data = data;
    this.#extensions = new ChunkExtensions(limits.chunkExtensionBytes, extensionsOf);
    this.#trailers = new TrailerSection(limits, dropped);
  }

  /**
   * The body of an answer. It may go on for ever, with a signature in each chunk, so nothing about its extensions adds
   * up; the RFC asks for a bound of their sum in requests (section 7.1.1).
   */
  static ofAnswer(limits: ChunkedLimits, data?: DataSink, dropped?: LateNames): ChunkedBody {
    return new ChunkedBody(limits, data, dropped, "chunk");
  }

  get done(): boolean {
    return this.#state === DONE;
  }

  take(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    this.cuts.length = 0;
    this.carried = NO_OCTETS;
    while (at < to && this.#state !== DONE && this.fault === undefined) {
      if (this.#state === DATA) at = this.#passData(bytes, at, to);
      else if (this.#state === EXTENSIONS) at = this.#cutExtensions(bytes, at, to);
      else if (this.#state === TRAILERS) at = this.#passTrailers(bytes, at, to);
      else this.#step(bytes[at] as number, at++);
      if (this.#state === EXTENSIONS_BEGIN) at = this.#beginExtensions(at);
    }
    return at - from;
  }

  /** Back to the octet that ended the size: it is the first of the extensions. */
  #beginExtensions(at: number): number {
    this.#state = EXTENSIONS;
    this.#extensions.begin();
    return at - 1;
  }

  /** Takes and cuts what there is of the extensions of a chunk, up to its CR, or to the octet that is wrong. */
  #cutExtensions(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    while (at < to && this.#state === EXTENSIONS && this.fault === undefined) {
      const octet = bytes[at] as number;
      if (octet === CR && this.#extensions.mayEnd) this.#state = SIZE_CR;
      else {
        this.fault = this.#extensions.take(octet);
        at++;
      }
    }
    this.#cut(from, at);
    return at;
  }

  #cut(from: number, to: number): void {
    const { cuts } = this;
    if (cuts.at(-1) === from) cuts[cuts.length - 1] = to;
    else cuts.push(from, to);
  }

  #passData(bytes: Uint8Array, from: number, to: number): number {
    const end = Math.min(to, from + this.#size);
    if (this.#data !== undefined) this.#data(bytes, from, end);
    this.#size -= end - from;
    this.#passed += end - from;
    if (this.#size === 0) this.#state = DATA_CR;
    return end;
  }

  #step(octet: number, at: number): void {
    switch (this.#state) {
      case SIZE_FIRST:
      case SIZE:
        this.#sizeOctet(octet, at);
        return;
      case SIZE_CR:
        this.#expect(octet, CR, SIZE_LF);
        return;
      case SIZE_LF:
        this.#expect(octet, LF, this.#size === 0 ? TRAILERS : DATA);
        return;
      case DATA_CR:
        this.#expect(octet, CR, DATA_LF);
        return;
      default:
        this.#expect(octet, LF, SIZE_FIRST);
    }
  }

  #expect(octet: number, expected: number, next: number): void {
    if (octet === expected) this.#state = next;
    else this.fault = "chunk";
  }

  #sizeOctet(octet: number, at: number): void {
    const digit = hexDigit(octet);
    if (digit >= 0) this.#sizeDigit(digit, at);
    else if (this.#state === SIZE_FIRST) this.fault = "chunk";
    else if (octet === CR) this.#state = SIZE_LF;
    else if (octet === SEMICOLON || octet === SP || octet === HTAB) this.#state = EXTENSIONS_BEGIN;
    else this.fault = "chunk";
  }

  #sizeDigit(digit: number, at: number): void {
    if (this.#state === SIZE_FIRST) {
      this.#size = 0;
      this.#digits = 0;
      this.#state = SIZE;
    }
    this.#size = this.#size * 16 + digit;
    if (++this.#digits > MOST_DIGITS || this.#size > MOST_SIZE) this.fault = "chunk";
    else if (this.#size === 0 && this.#digits > SENT_ZEROS) this.#cut(at, at + 1);
    // The size says it before the first octet of the chunk has come.
    else if (this.#passed + this.#size > this.most) this.fault = "body-bytes";
  }

  #passTrailers(bytes: Uint8Array, from: number, to: number): number {
    const trailers = this.#trailers;
    let at = from;
    let lineAt = from;
    while (at < to && !trailers.done && this.fault === undefined) {
      this.fault = trailers.take(bytes[at++] as number);
      if (!trailers.isBetweenLines) continue;
      this.#endTrailer(lineAt, at);
      lineAt = at;
    }
    if (lineAt < at) this.#holdTrailer(bytes, lineAt, at);
    if (trailers.done) this.#state = DONE;
    return at;
  }

  /** A line is whole: now it leaves, with what was held of it, or it does not. */
  #endTrailer(from: number, to: number): void {
    if (this.#trailers.isDropped) this.#cut(from, to);
    else if (this.#held.length > 0) this.carried = this.#held;
    this.#held = NO_OCTETS;
  }

  #holdTrailer(bytes: Uint8Array, from: number, to: number): void {
    this.#cut(from, to);
    this.#held = this.#trailers.isDropped ? NO_OCTETS : Buffer.concat([this.#held, bytes.subarray(from, to)]);
  }
}
