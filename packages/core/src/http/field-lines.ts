import { FIELD, type FieldNames } from "./field-names.ts";
import { NAMED } from "./field-senders.ts";
import { COLON, CR, LF, SP, sameIgnoringCase, skipWhitespace, trimEnd } from "./octets.ts";
import { type HeadParser, PARSER_FIELDS } from "./parser.ts";

/** Marks a field that was taken out of the message: no rule sees it, no server gets it. */
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

  get bytes(): Buffer {
    return this.#parser.bytes;
  }

  /** Where the value of a field begins and ends, whitespace around it left out. */
  valueAt(i: number): number {
    return this.#parser.fields[i * 4 + 2] as number;
  }

  valueEnd(i: number): number {
    const { fields } = this.#parser;
    return (fields[i * 4 + 2] as number) + (fields[i * 4 + 3] as number);
  }

  /** Whether one space or nothing stands before a value, and nothing behind it. For a head that was verified. */
  isPlain(i: number): boolean {
    const { bytes } = this;
    const at = this.valueAt(i);
    const beforeSpace = bytes[at - 1] === SP ? at - 2 : at - 1;
    return bytes[beforeSpace] === COLON && bytes[this.valueEnd(i)] === CR;
  }

  /**
   * Checks that between the parts that the parser found there is nothing but what RFC 9112 section 5 has there, so
   * that no line end is a lenient one, and that the head ends where the parser says. Trims and numbers the fields.
   * Returns -1, or the offset of the first octet that should not be there.
   */
  verify(firstLine: number): number {
    const { bytes, fields, fieldCount, end } = this.#parser;
    const { numbers, dropped } = this;
    const names = this.#names;
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
      numbers[i] = names.numberAt(bytes, nameAt, nameLength);
      dropped[i] = 0;
      line = lineEnd + 2;
    }
    return bytes[line] === CR && bytes[line + 1] === LF && line + 2 === end ? -1 : line;
  }

  /** The values of the fields of a number, trimmed, as latin1. */
  valuesOf(number: number): readonly string[] {
    let values: string[] | undefined;
    // Unknown names share a number: asking for it would mix the values of all of them.
    if (number === FIELD.UNKNOWN) return NO_VALUES;
    for (let i = 0; i < this.count; i++) {
      if (this.numbers[i] !== number) continue;
      values ??= [];
      values.push(this.bytes.latin1Slice(this.valueAt(i), this.valueEnd(i)));
    }
    return values ?? NO_VALUES;
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

  /** Leaves a field's line out of what is forwarded; rules still see it. */
  drop(i: number): void {
    this.dropped[i] = 1;
  }

  /** Forwards a line that was dropped. */
  keep(i: number): void {
    this.dropped[i] = 0;
  }

  /** Leaves out every field of a number. */
  dropAll(number: number): void {
    for (let i = 0; i < this.count; i++) if (this.numbers[i] === number) this.drop(i);
  }

  /** Takes every field of a number out of the message. */
  takeOutAll(number: number): void {
    for (let i = 0; i < this.count; i++) if (this.numbers[i] === number) this.takeOut(i);
  }

  /** Takes a field out of the message. */
  takeOut(i: number): void {
    this.numbers[i] = TAKEN_OUT;
    this.dropped[i] = 1;
  }

  /**
   * Takes out the fields that a connection option names; `whenNamed`: one of NAMED for each number. Returns false when
   * there is one that must not be named.
   */
  takeOutNamed(optionAt: number, optionLength: number, whenNamed: Uint8Array): boolean {
    const { bytes, fields } = this.#parser;
    for (let i = 0; i < this.count; i++) {
      const when = whenNamed[this.numbers[i] as number] ?? NAMED.TAKEN_OUT;
      if (fields[i * 4 + 1] !== optionLength || when === NAMED.STAYS) continue;
      if (!sameIgnoringCase(bytes, fields[i * 4] as number, optionAt, optionLength)) continue;
      if (when === NAMED.REFUSED) return false;
      this.takeOut(i);
    }
    return true;
  }

  /** Lists the dropped lines as ranges. `lead` is a range in the first line, or one of length 0. */
  collectDrops(leadAt: number, leadLength: number): void {
    const { fields } = this.#parser;
    this.dropCount = 0;
    if (leadLength > 0) this.#leaveOut(leadAt, leadLength);
    for (let i = 0; i < this.count; i++) {
      if (this.dropped[i] === 0) continue;
      const at = fields[i * 4] as number;
      this.#leaveOut(at, this.lineEnd(i) - at);
    }
  }

  /** Where the line of a field ends, CR LF included. */
  lineEnd(i: number): number {
    const { fields, end } = this.#parser;
    return i + 1 < this.count ? (fields[i * 4 + 4] as number) : end - 2;
  }

  #leaveOut(at: number, length: number): void {
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

const NO_VALUES: readonly string[] = Object.freeze([]);
