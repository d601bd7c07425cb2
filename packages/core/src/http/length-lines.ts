import { COLON, CR, equalsIgnoringCase, LF } from "./octets.ts";

const NAME = Buffer.from("content-length");
/** A name of as many octets that means nothing. */
const MASK = Buffer.from("content-lengt.");

/**
 * The Content-Length lines of a head, hidden from llhttp: it refuses some that RFC 9110 section 5.5 allows (a tab behind
 * the number), and all that are repeated, which may be let through. What they say is judged by MessageLength, as in any
 * other head.
 */
export class LengthLines {
  /** Offsets of the names. */
  readonly #names: number[] = [];

  /** Hides those that begin between two offsets, as far as the end of the head. */
  hide(bytes: Buffer, from: number, to: number): void {
    this.#names.length = 0;
    for (let at = from; at >= 0 && at < to; at = nextLine(bytes, at, to)) {
      const colon = at + NAME.length;
      if (colon < to && bytes[colon] === COLON && equalsIgnoringCase(bytes, at, NAME.length, NAME))
        this.#names.push(at);
    }
    for (const at of this.#names) bytes.set(MASK, at);
  }

  /** Puts their names back. */
  show(bytes: Buffer): void {
    for (const at of this.#names) bytes.set(NAME, at);
  }
}

/** Where the next line of the head begins; -1 behind its end. */
function nextLine(bytes: Buffer, from: number, to: number): number {
  const lineFeed = bytes.subarray(0, to).indexOf(LF, from);
  if (lineFeed < 0 || (bytes[lineFeed + 1] === CR && bytes[lineFeed + 2] === LF)) return -1;
  return lineFeed + 1;
}
