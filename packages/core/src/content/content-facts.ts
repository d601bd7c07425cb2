import { isAscii } from "node:buffer";
import type { Facts } from "../classify/facts.ts";
import { HEAD_FLAG } from "../http/head-flags.ts";
import { allQueryValues } from "../http/query.ts";
import type { RequestHead } from "../http/request-head.ts";
import { ValuesByName } from "../http/values.ts";
import { ABSENT, type BodyField, present, UNKNOWN, UNREAD } from "./body-field.ts";
import { JsonFields } from "./json-fields.ts";
import { isPointer } from "./json-pointer.ts";
import { type ContentKind, contentKind, isUncoded } from "./media-type.ts";

/** What says whether content follows a head. */
type Framed = Pick<RequestHead, "flags" | "contentLength">;

type Form = Pick<ValuesByName, "names" | "get">;

/** Fields that say what content is. */
export const CONTENT_FIELDS = Object.freeze(["content-type", "content-encoding"] as const);
const [TYPE, ENCODING] = CONTENT_FIELDS;

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
  #form: Form = NO_FORM;
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

  /** There is content of which nothing is known. */
  get isUnknown(): boolean {
    return this.#state === "unknown";
  }

  /**
   * The head of the next request. Its content, if it has any, is not read if it is longer than `longest` octets, or if
   * nobody can.
   */
  begin({ flags, contentLength }: Framed, facts: Pick<Facts, "header">, longest: number): void {
    if ((flags & HEAD_FLAG.CONTENT) === 0) {
      this.#state = "none";
      return;
    }
    this.#kind = isUncoded(facts.header(ENCODING)) ? contentKind(facts.header(TYPE)) : undefined;
    const isReadable = this.#kind !== undefined && contentLength <= longest && longest > 0;
    this.#state = isReadable ? "unread" : "unknown";
  }

  /** Nobody will read the content. */
  giveUp(): void {
    this.#state = "unknown";
  }

  /** This is the content, all of it, without chunks around it. */
  read(octets: Uint8Array): void {
    if (octets.length === 0) this.#state = "none";
    else if (this.#state === "unread") this.#state = this.#isWellFormed(octets) ? "read" : "unknown";
  }

  field(name: string): BodyField {
    if (this.#state === "none") return ABSENT;
    if (this.#state === "unknown" || this.#kind !== (isPointer(name) ? "json" : "form")) return UNKNOWN;
    if (this.#state === "unread") return UNREAD;
    if (this.#kind === "json") return this.#json.field(name);
    const values = this.#form.get(name);
    return values.length === 0 ? ABSENT : present(values);
  }

  /** The fields that were found, of those that rules look at; of a form all that it has. */
  names(): readonly string[] {
    if (this.#state !== "read") return NO_NAMES;
    return this.#kind === "json" ? this.#json.found() : this.#form.names;
  }

  #isWellFormed(octets: Uint8Array): boolean {
    return this.#kind === "json" ? this.#readJson(octets) : this.#readForm(octets);
  }

  #readJson(octets: Uint8Array): boolean {
    try {
      return this.#json.read(this.#utf8.decode(octets));
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

const NO_FORM: Form = new ValuesByName();
const NO_NAMES: readonly string[] = Object.freeze([]);
