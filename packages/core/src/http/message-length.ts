import { FIXED } from "../config/defaults.ts";
import { ListWalk } from "./list.ts";
import { decimal, equalsIgnoringCase, ZERO } from "./octets.ts";
import type { Offence } from "./offence.ts";
import { REFUSE } from "./refusal.ts";

const CHUNKED = Buffer.from("chunked");
/** Codings that exist, before a last one that frames (RFC 9112 section 7). */
const CODED_AND_CHUNKED = /^(?:(?:gzip|x-gzip|deflate|compress|x-compress)[ \t]*,[ \t]*)+chunked$/i;

/**
 * How long the fields of a head say that the content is (RFC 9112 section 6.3). Where they contradict each other, the
 * RFC lets a recipient choose; whoever sends that is confused or hostile, and another reader may choose differently.
 * Only one number that is said again and again may be let through, and is then sent once.
 */
export class MessageLength {
  /** Content-Length; 0 when there is none. */
  octets = 0;
  /** How many fields of each kind there are. */
  lengths = 0;
  codings = 0;
  /**
   * Right, but not as every reader expects it: the one number said more than once, zeros before it, which some take for
   * octal and some count as digits, or `chunked` not in lower case.
   */
  isUnusual = false;
  readonly #offence: Offence;
  readonly #mayRepeat: boolean;
  readonly #walk = new ListWalk();

  /** `mayRepeat`: leniency.repeatedContentLength. */
  constructor(offence: Offence, mayRepeat = false) {
    this.#offence = offence;
    this.#mayRepeat = mayRepeat;
  }

  clear(): void {
    this.octets = 0;
    this.lengths = 0;
    this.codings = 0;
    this.isUnusual = false;
  }

  get chunked(): boolean {
    return this.codings > 0;
  }

  takeContentLength(bytes: Uint8Array, at: number, length: number): void {
    this.lengths++;
    if (this.#mayRepeat) {
      this.#takeRepeated(bytes, at, length);
      return;
    }
    const octets = this.#number(bytes, at, at + length);
    if (octets < 0) this.#offence.note(REFUSE.CONTENT_LENGTH, at);
    else this.octets = octets;
  }

  /** A list of numbers, all of them the same as those before. */
  #takeRepeated(bytes: Uint8Array, at: number, length: number): void {
    const walk = this.#walk.over(bytes, at, at + length);
    let numbers = this.lengths - 1;
    if (!walk.step()) this.#offence.note(REFUSE.CONTENT_LENGTH, at);
    else
      do {
        const octets = this.#number(bytes, walk.at, walk.at + walk.length);
        if (octets < 0) this.#offence.note(REFUSE.CONTENT_LENGTH, walk.at);
        else if (numbers > 0 && octets !== this.octets)
          this.#offence.note(REFUSE.CONTENT_LENGTH_REPEATED, walk.at);
        this.octets = octets;
        if (++numbers > 1) this.isUnusual = true;
      } while (walk.step());
  }

  /** A number of at most 15 digits and zeros before them; -1 when it is anything else. */
  #number(bytes: Uint8Array, from: number, to: number): number {
    if (to - from > FIXED.lengthDigits) return -1;
    let first = from;
    while (first + 1 < to && bytes[first] === ZERO) first++;
    if (first > from) this.isUnusual = true;
    return decimal(bytes, first, to);
  }

  takeTransferEncoding(bytes: Buffer, at: number, length: number): void {
    this.codings++;
    if (equalsIgnoringCase(bytes, at, length, CHUNKED)) {
      if (CHUNKED.compare(bytes, at, at + length) !== 0) this.isUnusual = true;
      return;
    }
    // A coding that exists is one that we do not decode (501); anything else in that field is an attempt at ambiguity.
    const known = CODED_AND_CHUNKED.test(bytes.latin1Slice(at, at + length));
    this.#offence.note(known ? REFUSE.TRANSFER_CODING : REFUSE.TRANSFER_ENCODING, at);
  }

  /** Whether all fields together say one thing. `at`: where the head begins, for the offence. */
  agrees(http10: boolean, at: number): boolean {
    if (this.lengths === 0 && this.codings === 0) return true;
    if (this.lengths > 0 && this.codings > 0) return this.#offence.note(REFUSE.TWO_LENGTHS, at);
    if (this.lengths > 1 && !this.#mayRepeat) return this.#offence.note(REFUSE.CONTENT_LENGTH_REPEATED, at);
    if (this.codings > 1) return this.#offence.note(REFUSE.TRANSFER_ENCODING, at);
    if (this.codings === 1 && http10) return this.#offence.note(REFUSE.TRANSFER_ENCODING_1_0, at);
    return true;
  }
}
