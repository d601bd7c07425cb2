import { isAscii } from "node:buffer";
import { allQueryValues } from "../http/query.ts";
import { ABSENT, type BodyField, present, UNKNOWN, UNREAD } from "./body-field.ts";
import { JsonFields } from "./json-fields.ts";
import { isPointer } from "./json-pointer.ts";
import { type ContentKind, contentKind, isUncoded } from "./media-type.ts";

/** What the head says about the content. */
export interface ContentHead {
  /** Values of the Content-Type and Content-Encoding fields. */
  readonly types: readonly string[];
  readonly encodings: readonly string[];
  /** 0 where chunks will tell. */
  readonly length: number;
}

/**
 * What rules know of the content of one request after the other.
 *
 * A field is absent where there is no content, or where the content was read to its end, is well-formed, is of the kind
 * that the field belongs to, and does not have it. In every other case it is unknown, and neither its presence nor its
 * absence matches: content of another type, or in a coding, or in another character encoding, is read by some servers
 * and not by others; of content that is too long the field may be in the rest.
 */
export class ContentFacts {
  readonly #json: JsonFields;
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #form: ReadonlyMap<string, readonly string[]> = NO_FORM;
  #kind: ContentKind;
  #state: "none" | "unread" | "unknown" | "read" = "none";

  /** `names`: of the fields that rules look at, each once. */
  constructor(names: readonly string[]) {
    this.#json = new JsonFields(names.filter(isPointer));
  }

  /** Content that could tell has not come yet. */
  get isUnread(): boolean {
    return this.#state === "unread";
  }

  /** The request has no content. */
  none(): void {
    this.#state = "none";
  }

  /** Nobody will read the content. */
  giveUp(): void {
    this.#state = "unknown";
  }

  /** Content will follow this head. It is not read if it is longer than `longest`, or if nobody can. */
  announce({ types, encodings, length }: ContentHead, longest: number): void {
    this.#kind = isUncoded(encodings) ? contentKind(types) : undefined;
    this.#state = this.#kind === undefined || length > longest || longest === 0 ? "unknown" : "unread";
  }

  /** This is the content that was announced, all of it. */
  read(octets: Uint8Array): void {
    if (octets.length === 0) this.none();
    else if (this.#state === "unread") this.#state = this.#isWellFormed(octets) ? "read" : "unknown";
  }

  field(name: string): BodyField {
    if (this.#state === "none") return ABSENT;
    if (this.#state === "unknown" || this.#kind !== (isPointer(name) ? "json" : "form")) return UNKNOWN;
    if (this.#state === "unread") return UNREAD;
    if (this.#kind === "json") return this.#json.field(name);
    const values = this.#form.get(name);
    return values === undefined ? ABSENT : present(values);
  }

  /** The fields that were found, of those that rules look at; of a form all that it has. */
  names(): readonly string[] {
    if (this.#state !== "read") return NO_NAMES;
    return this.#kind === "json" ? this.#json.found() : [...this.#form.keys()];
  }

  #isWellFormed(octets: Uint8Array): boolean {
    return this.#kind === "json" ? this.#readJson(octets) : this.#readForm(octets);
  }

  /** JSON that is not JSON leaves every field unknown by itself. */
  #readJson(octets: Uint8Array): boolean {
    try {
      this.#json.read(this.#utf8.decode(octets));
      return true;
    } catch {
      // Not UTF-8 (RFC 8259 section 8.1): who reads it all the same reads it differently.
      return false;
    }
  }

  /** What is not ASCII has to be percent-encoded in a form (URL standard, section 5.2). */
  #readForm(octets: Uint8Array): boolean {
    if (!isAscii(octets)) return false;
    this.#form = allQueryValues(Buffer.from(octets.buffer, octets.byteOffset, octets.length).latin1Slice());
    return true;
  }
}

const NO_FORM: ReadonlyMap<string, readonly string[]> = new Map();
const NO_NAMES: readonly string[] = Object.freeze([]);
