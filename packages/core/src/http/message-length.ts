import { decimal, equalsIgnoringCase } from "./octets.ts";
import type { Offence } from "./offence.ts";
import { REFUSE } from "./refusal.ts";

const CHUNKED = Buffer.from("chunked");
/** Codings that exist, before a last one that frames (RFC 9112 section 7). */
const CODED_AND_CHUNKED = /^(?:(?:gzip|x-gzip|deflate|compress|x-compress)[ \t]*,[ \t]*)+chunked$/i;

/**
 * How long the fields of a head say that the content is (RFC 9112 section 6.3). Where they contradict each other, the
 * RFC lets a recipient choose; whoever sends that is confused or hostile, and another reader may choose differently.
 */
export class MessageLength {
  /** Content-Length; 0 when there is none. */
  octets = 0;
  /** How many fields of each kind there are. */
  lengths = 0;
  codings = 0;
  readonly #offence: Offence;

  constructor(offence: Offence) {
    this.#offence = offence;
  }

  clear(): void {
    this.octets = 0;
    this.lengths = 0;
    this.codings = 0;
  }

  get chunked(): boolean {
    return this.codings > 0;
  }

  takeContentLength(bytes: Uint8Array, at: number, length: number): void {
    this.lengths++;
    const octets = decimal(bytes, at, at + length);
    if (octets < 0) this.#offence.note(REFUSE.CONTENT_LENGTH, at);
    else this.octets = octets;
  }

  takeTransferEncoding(bytes: Buffer, at: number, length: number): void {
    this.codings++;
    if (equalsIgnoringCase(bytes, at, length, CHUNKED)) return;
    // A coding that exists is one that we do not decode (501); anything else in that field is an attempt at ambiguity.
    const known = CODED_AND_CHUNKED.test(bytes.latin1Slice(at, at + length));
    this.#offence.note(known ? REFUSE.TRANSFER_CODING : REFUSE.TRANSFER_ENCODING, at);
  }

  /** Whether all fields together say one thing. `at`: where the head begins, for the offence. */
  agrees(http10: boolean, at: number): boolean {
    if (this.lengths === 0 && this.codings === 0) return true;
    if (this.lengths > 0 && this.codings > 0) return this.#offence.note(REFUSE.TWO_LENGTHS, at);
    if (this.lengths > 1) return this.#offence.note(REFUSE.CONTENT_LENGTH_REPEATED, at);
    if (this.codings > 1) return this.#offence.note(REFUSE.TRANSFER_ENCODING, at);
    if (this.codings === 1 && http10) return this.#offence.note(REFUSE.TRANSFER_ENCODING_1_0, at);
    return true;
  }
}
