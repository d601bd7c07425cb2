import { FIXED } from "../config/defaults.ts";
import { ABSENT, type BodyField, COMPOUND, present, UNKNOWN } from "./body-field.ts";
import { pointerTokens } from "./json-pointer.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SP = 0x20;
const HTAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;

/** RFC 8259 sections 3 and 6. */
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
/** RFC 8259 section 7: what follows a backslash. */
const ESCAPE = /["\\/bfnrt]|u[\dA-Fa-f]{4}/y;

/** A place that some pointer names, or leads through. */
interface Place {
  readonly pointers: number[];
  readonly children: Map<string, Place>;
  /** The text in which it was seen last. */
  seenIn: number;
}

/**
 * Reads the values at JSON pointers (RFC 6901) out of JSON texts (RFC 8259): one pass over the text for all pointers,
 * and nothing is built of what no pointer names. The text is checked to its end, since servers do so before they look.
 *
 * A member name that is repeated where a pointer leads makes what is behind it unknown: of its values some servers take
 * the first, most the last, some refuse the text (RFC 8259 section 4).
 */
export class JsonFields {
  readonly #pointers: readonly string[];
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #root = newPlace();
  readonly #fields: BodyField[];
  #text = "";
  #at = 0;
  #texts = 0;

  /** `pointers`: each once, and valid. */
  constructor(pointers: readonly string[]) {
    this.#pointers = pointers;
    this.#numbers = new Map(pointers.map((pointer, number) => [pointer, number]));
    this.#fields = pointers.map(() => UNKNOWN);
    for (const [number, pointer] of pointers.entries()) this.#placeOf(pointer).pointers.push(number);
  }

  /** Reads a text. Returns false when it is not JSON, or nested too deeply: then every field is unknown. */
  read(text: string): boolean {
    this.#text = text;
    this.#at = 0;
    this.#texts++;
    this.#fields.fill(ABSENT);
    this.#skipSpace();
    const isJson = this.#value(this.#root, 0) && this.#skipSpace() === text.length;
    if (!isJson) this.#fields.fill(UNKNOWN);
    this.#text = "";
    return isJson;
  }

  /** What the text that was read last has at a pointer. */
  field(pointer: string): BodyField {
    return this.#fields[this.#numbers.get(pointer) ?? -1] ?? UNKNOWN;
  }

  /** The pointers at which it has something. */
  found(): string[] {
    return this.#pointers.filter((_, number) => this.#fields[number]?.state === "present");
  }

  #placeOf(pointer: string): Place {
    let place = this.#root;
    for (const token of pointerTokens(pointer) ?? []) {
      const known = place.children.get(token);
      const next = known ?? newPlace();
      if (known === undefined) place.children.set(token, next);
      place = next;
    }
    return place;
  }

  /** Reads the value here. Returns false when there is none. `place`: of pointers that lead here, if any do. */
  #value(place: Place | undefined, depth: number): boolean {
    const from = this.#at;
    switch (this.#text.charCodeAt(from)) {
      case OPEN_BRACE:
        this.#note(place, COMPOUND);
        return depth < FIXED.contentDepth && this.#object(place, depth + 1);
      case OPEN_BRACKET:
        this.#note(place, COMPOUND);
        return depth < FIXED.contentDepth && this.#array(place, depth + 1);
      case QUOTE:
        if (!this.#string()) return false;
        break;
      default:
        if (!this.#matches(SCALAR)) return false;
    }
    if (place !== undefined && place.pointers.length > 0) this.#note(place, present([this.#textFrom(from)]));
    return true;
  }

  #object(place: Place | undefined, depth: number): boolean {
    this.#at++;
    this.#skipSpace();
    if (this.#takes(CLOSE_BRACE)) return true;
    do {
      this.#skipSpace();
      const from = this.#at;
      if (this.#text.charCodeAt(from) !== QUOTE || !this.#string()) return false;
      const member = place === undefined ? undefined : this.#memberOf(place, from);
      this.#skipSpace();
      if (!this.#takes(COLON)) return false;
      this.#skipSpace();
      if (!this.#value(member, depth)) return false;
      this.#skipSpace();
    } while (this.#takes(COMMA));
    return this.#takes(CLOSE_BRACE);
  }

  #array(place: Place | undefined, depth: number): boolean {
    this.#at++;
    this.#skipSpace();
    if (this.#takes(CLOSE_BRACKET)) return true;
    let index = 0;
    do {
      this.#skipSpace();
      // An index is written without leading zeros (RFC 6901 section 4), as numbers become texts.
      const element = place === undefined ? undefined : place.children.get(String(index++));
      if (!this.#value(element, depth)) return false;
      this.#skipSpace();
    } while (this.#takes(COMMA));
    return this.#takes(CLOSE_BRACKET);
  }

  /** The place of the member whose name was just read, unless it was there before. */
  #memberOf(place: Place, from: number): Place | undefined {
    if (place.children.size === 0) return undefined;
    const member = place.children.get(this.#textFrom(from));
    if (member === undefined) return undefined;
    if (member.seenIn === this.#texts) {
      this.#forget(member);
      return undefined;
    }
    member.seenIn = this.#texts;
    return member;
  }

  #forget(place: Place): void {
    this.#note(place, UNKNOWN);
    for (const child of place.children.values()) this.#forget(child);
  }

  #note(place: Place | undefined, field: BodyField): void {
    if (place !== undefined) for (const pointer of place.pointers) this.#fields[pointer] = field;
  }

  /** Passes a string. Returns false when it does not end, or holds what has to be escaped. */
  #string(): boolean {
    const text = this.#text;
    for (let at = this.#at + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code < SP) return false;
      if (code === QUOTE) {
        this.#at = at + 1;
        return true;
      }
      if (code !== BACKSLASH) continue;
      this.#at = at + 1;
      if (!this.#matches(ESCAPE)) return false;
      at = this.#at - 1;
    }
    return false;
  }

  /** What was read since `from`: a string without quotes and escapes, anything else as it is written. */
  #textFrom(from: number): string {
    const written = this.#text.slice(from, this.#at);
    if (!written.startsWith('"')) return written;
    return written.includes("\\") ? (JSON.parse(written) as string) : written.slice(1, -1);
  }

  #matches(expression: RegExp): boolean {
    expression.lastIndex = this.#at;
    if (!expression.test(this.#text)) return false;
    this.#at = expression.lastIndex;
    return true;
  }

  #takes(code: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== code) return false;
    this.#at++;
    return true;
  }

  /** Returns where it came to. */
  #skipSpace(): number {
    const text = this.#text;
    let at = this.#at;
    for (let code = text.charCodeAt(at); isSpace(code); code = text.charCodeAt(at)) at++;
    this.#at = at;
    return at;
  }
}

function newPlace(): Place {
  return { pointers: [], children: new Map(), seenIn: 0 };
}

function isSpace(code: number): boolean {
  return code === SP || code === LF || code === CR || code === HTAB;
}
