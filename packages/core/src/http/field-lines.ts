import type { FieldNames } from "./field-names.ts";
import { COLON, COMMA, CR, LF, skipWhitespace, trimEnd } from "./octets.ts";
import { type HeadParser, PARSER_FIELDS } from "./parser.ts";

/** Marks a field that another field (`Connection`) took out of the message: no rule sees it, no server gets it. */
export const TAKEN_OUT = 0xffff;

/** Numbers of the fields of one head, and the ranges of octets that are not forwarded. Reused from head to head. */
export class FieldLines {
  /** Numbers of FieldNames, one per field. */
  readonly numbers = new Uint16Array(PARSER_FIELDS);
  /** Offset and length of each range to leave out, ascending, neighbours joined. */
  readonly drops = new Int32Array(PARSER_FIELDS * 2);
  dropCount = 0;
  /** Whether each field's line is dropped. */
  readonly dropped = new Uint8Array(PARSER_FIELDS);

  readonly #parser: HeadParser;
  readonly #names: FieldNames;

  constructor(parser: HeadParser, names: FieldNames) {
    this.#parser = parser;
    this.#names = names;
  }

  get count(): number {
    return this.#parser.fieldCount;
  }

  /**
   * Checks that between the parts that the parser found there is nothing but what RFC 9112 section 5 has there, so
   * that no line end is a lenient one, and that the head ends where the parser says. Trims and numbers the fields.
   * Returns -1, or the offset of the first octet that should not be there.
   */
  verify(firstLine: number): number {
    const { bytes, fields, fieldCount, end } = this.#parser;
    let line = firstLine;
    for (let i = 0; i < fieldCount; i++) {
      const f = i * 4;
      const nameAt = fields[f] as number;
      const nameLength = fields[f + 1] as number;
      if (nameAt !== line || nameLength === 0 || bytes[nameAt + nameLength] !== COLON) return line;
      const valueAt = skipWhitespace(bytes, nameAt + nameLength + 1, end);
      const length = fields[f + 3] as number;
      if (length > 0 && fields[f + 2] !== valueAt) return valueAt;
      const lineEnd = valueAt + length;
      if (bytes[lineEnd] !== CR || bytes[lineEnd + 1] !== LF) return lineEnd;
      fields[f + 2] = valueAt;
      fields[f + 3] = trimEnd(bytes, valueAt, lineEnd) - valueAt;
      this.numbers[i] = this.#names.numberAt(bytes, nameAt, nameLength);
      this.dropped[i] = 0;
      line = lineEnd + 2;
    }
    return bytes[line] === CR && bytes[line + 1] === LF && line + 2 === end ? -1 : line;
  }

  /** Names of the fields in lower case, each once, without those that were taken out. */
  names(): readonly string[] {
    const { bytes, fields } = this.#parser;
    const names = new Set<string>();
    for (let i = 0; i < this.count; i++) {
      const at = fields[i * 4] as number;
      if (this.numbers[i] !== TAKEN_OUT)
        names.add(bytes.latin1Slice(at, at + (fields[i * 4 + 1] as number)).toLowerCase());
    }
    return [...names];
  }

  /** Takes out of the message the fields that a connection option names (RFC 9110 section 7.6.1). */
  takeOut(optionAt: number, optionLength: number, isProtected: (number: number) => boolean): void {
    const { bytes, fields } = this.#parser;
    for (let i = 0; i < this.count; i++) {
      const f = i * 4;
      const number = this.numbers[i] as number;
      if (fields[f + 1] !== optionLength || number === TAKEN_OUT || isProtected(number)) continue;
      if (!sameIgnoringCase(bytes, fields[f] as number, optionAt, optionLength)) continue;
      this.numbers[i] = TAKEN_OUT;
      this.dropped[i] = 1;
    }
  }

  /** Lists the dropped lines as ranges. `lead` is a range in the first line, or one of length 0. */
  collectDrops(leadAt: number, leadLength: number): void {
    const { fields } = this.#parser;
    this.dropCount = 0;
    if (leadLength > 0) this.#drop(leadAt, leadLength);
    for (let i = 0; i < this.count; i++) {
      if (this.dropped[i] === 0) continue;
      const at = fields[i * 4] as number;
      this.#drop(at, this.lineEnd(i) - at);
    }
  }

  /** Where the line of a field ends, CR LF included. */
  lineEnd(i: number): number {
    const { fields, end } = this.#parser;
    return i + 1 < this.count ? (fields[i * 4 + 4] as number) : end - 2;
  }

  #drop(at: number, length: number): void {
    const last = this.dropCount * 2 - 2;
    if (last >= 0 && (this.drops[last] as number) + (this.drops[last + 1] as number) === at) {
      (this.drops[last + 1] as number) += length;
      return;
    }
    this.drops[this.dropCount * 2] = at;
    this.drops[this.dropCount * 2 + 1] = length;
    this.dropCount++;
  }
}

function sameIgnoringCase(bytes: Uint8Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++)
    if (lower(bytes[a + i] as number) !== lower(bytes[b + i] as number)) return false;
  return true;
}

function lower(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;
}

/** Walks the members of a comma-separated list (RFC 9110 section 5.6.1): offset and length of each non-empty one. */
export function eachMember(
  bytes: Uint8Array,
  from: number,
  to: number,
  member: (at: number, length: number) => void,
): void {
  let start = from;
  for (let i = from; i <= to; i++) {
    if (i < to && bytes[i] !== COMMA) continue;
    const at = skipWhitespace(bytes, start, i);
    const end = trimEnd(bytes, at, i);
    if (end > at) member(at, end - at);
    start = i + 1;
  }
}
