import type { Limits } from "../config/resolved.ts";
import { ConnectionOptions } from "./connection-options.ts";
import { FieldLines } from "./field-lines.ts";
import { FIELD, type FieldNames } from "./field-names.ts";
import { HEAD, type HeadOutcome } from "./head-flags.ts";
import { type LateNames, NO_LATE_NAMES, optionNames } from "./late-names.ts";
import { LengthLines } from "./length-lines.ts";
import { ListWalk } from "./list.ts";
import { MessageLength } from "./message-length.ts";
import { CR, decimal, HTAB, LF, ONE, SP, TEXT, ZERO } from "./octets.ts";
import { Offence } from "./offence.ts";
import { HeadParser, LLHTTP } from "./parser.ts";
import { fieldSectionRule } from "./parser-rule.ts";
import { REFUSALS, REFUSE, type Refusal } from "./refusal.ts";

/** How the body of a response is framed (RFC 9112 section 6.3). */
export const RESPONSE_BODY = Object.freeze({ NONE: 0, LENGTH: 1, CHUNKED: 2, UNTIL_CLOSE: 3 } as const);
export type ResponseBody = (typeof RESPONSE_BODY)[keyof typeof RESPONSE_BODY];

const HTTP_1 = Buffer.from("HTTP/1.");
const FIRST_OCTET = HTTP_1[0];
const LATER_VERSION = /^HTTP\/1\.[2-9] ?$/;
/** "HTTP/1.1 200": where the status begins, and what stands before the space and the reason. */
const STATUS_AT = 9;
const STATUS_END = 12;

/** The field in which servers say how loaded they are, in lower case. */
export const LOAD_FIELD = "shunt-load";

type HeadLimits = Pick<Limits, "headBytes" | "fields">;

/**
 * What a server's response head says, judged as strictly as a request's: a response that two readers could frame
 * differently is refused, and its connection with it. One object judges one head after the other.
 */
export class ResponseHead {
  readonly parser = new HeadParser("response");
  readonly lines: FieldLines;
  /** Exclusive. */
  end = 0;
  status = 0;
  http10 = false;
  body: ResponseBody = RESPONSE_BODY.NONE;
  /** The server keeps the connection open (RFC 9112 section 9.3). */
  persistent = false;
  /** Whether a Content-Length or Transfer-Encoding stands in it, and is forwarded. */
  hasLength = false;
  hasCoding = false;
  hasDate = false;
  /** The line that says the length, where the server's own is not sent on since readers differ on it; else empty. */
  lengthLine = "";

  /** What stands in the field in which servers say how loaded they are; undefined is no such field, or none that is read. */
  announcedLoad: string | undefined;
  /** For whoever hands it on: what most clients get of it. Forgotten when another head is judged. */
  handedOn: Uint8Array | undefined;

  #limits: HeadLimits;
  /** The last head was complete, and all that was found of it stands: with the same octets it is the same again. */
  #holds = false;
  #toHead = false;
  /** Number of that field; FIELD.UNKNOWN when it is one like any other. */
  readonly #loadField: number;
  readonly #offence = new Offence();
  readonly #length = new MessageLength(this.#offence);
  readonly #lengthLines = new LengthLines();
  readonly #connection: ConnectionOptions;
  readonly #walk = new ListWalk();

  /** Where `names` have LOAD_FIELD, it is taken out and read; elsewhere it is a field like any other. */
  constructor(names: FieldNames, limits: HeadLimits) {
    this.#loadField = names.numberOf(LOAD_FIELD);
    this.lines = new FieldLines(this.parser, names);
    this.#limits = limits;
    this.#connection = new ConnectionOptions(this.lines, protectedFields(names));
  }

  /** Heads that are judged from now on are held to these. */
  set limits(limits: HeadLimits) {
    this.#limits = limits;
    this.#holds = false;
  }

  get bytes(): Buffer {
    return this.parser.bytes;
  }

  get contentLength(): number {
    return this.#length.octets;
  }

  /** Interim: 1xx other than 101 (RFC 9110 section 15.2). */
  get interim(): boolean {
    return this.status < 200 && this.status !== 101;
  }

  /** It agrees to another protocol in the form that this has (RFC 9110 section 7.8); whether one was asked for is not said. */
  get switches(): boolean {
    return this.status === 101 && !this.http10 && this.#connection.upgrade;
  }

  /** What is wrong with it, for the log; empty when it was not refused. */
  get wrong(): string {
    const { rule, at } = this.#offence;
    if (rule === REFUSE.NONE) return "";
    if (rule === REFUSE.REQUEST_LINE) return "status-line: expected HTTP/1.x SP status SP [reason] CR LF";
    const { rule: name, expected } = REFUSALS[rule] as Refusal;
    return `${name} at octet ${at}: expected ${expected}`;
  }

  /** What its Connection fields name, beside what they say of the connection itself. */
  get optionNames(): LateNames {
    // What may not stand in the head that a client gets may not come behind it either.
    if (this.#loadField !== FIELD.UNKNOWN) return this.#withLoadField();
    return this.#connection.namesFields ? optionNames(this.lines.valuesOf(FIELD.CONNECTION)) : NO_LATE_NAMES;
  }

  #withLoadField(): LateNames {
    return optionNames([...this.lines.valuesOf(FIELD.CONNECTION), LOAD_FIELD]);
  }

  /** It was refused for its size. */
  get tooLarge(): boolean {
    const { rule } = this.#offence;
    return rule === REFUSE.HEAD_BYTES || rule === REFUSE.FIELDS;
  }

  /** Judges the head that begins at `from` in `source`. `toHead`: the request's method was HEAD. */
  judge(source: Uint8Array, from: number, to: number, toHead: boolean): HeadOutcome {
    if (this.#holds && toHead === this.#toHead && this.#isRepeated(source, from, to)) return HEAD.COMPLETE;
    const outcome = this.#judge(source, from, to, toHead);
    this.#holds = outcome === HEAD.COMPLETE;
    this.#toHead = toHead;
    return outcome;
  }

  /**
   * Whether the octets of the last head stand here once more: servers say the same about many of their answers. What differs
   * mostly stands near the end of a head.
   */
  #isRepeated(source: Uint8Array, from: number, to: number): boolean {
    const { bytes, end } = this;
    if (to - from < end) return false;
    for (let i = end - 1, at = from + i; i >= 0; i--, at--) if (bytes[i] !== source[at]) return false;
    return true;
  }

  #judge(source: Uint8Array, from: number, to: number, toHead: boolean): HeadOutcome {
    const length = Math.min(to - from, this.#limits.headBytes + 1);
    this.#begin();
    this.parser.load(source, from, from + length);
    switch (this.#parse(length)) {
      case LLHTTP.PAUSED_UPGRADE:
        return this.#isAcceptable(toHead) ? HEAD.COMPLETE : HEAD.REFUSED;
      case LLHTTP.OK:
        return this.#mayBecomeAcceptable(length) ? HEAD.INCOMPLETE : HEAD.REFUSED;
      default:
        this.#refuseByParser(length);
        return HEAD.REFUSED;
    }
  }

  /** Leaves Transfer-Encoding out, and what announces trailers: its receiver does not know chunks. */
  dropCoding(): void {
    this.#holds = false;
    this.lines.dropAll(FIELD.TRANSFER_ENCODING);
    this.lines.dropAll(FIELD.TRAILER);
    this.lengthLine = "";
    this.#collectDrops();
  }

  /** Whether the fields of a number hold a member, given in lower case, letters compared without case. */
  hasMember(number: number, lower: Uint8Array): boolean {
    const { lines } = this;
    for (let i = 0; i < lines.count; i++) {
      if (lines.numbers[i] !== number) continue;
      if (this.#walk.finds(lower, this.bytes, lines.valueAt(i), lines.valueEnd(i))) return true;
    }
    return false;
  }

  #begin(): void {
    this.end = 0;
    this.status = 0;
    this.http10 = false;
    this.body = RESPONSE_BODY.NONE;
    this.persistent = false;
    this.hasLength = false;
    this.hasCoding = false;
    this.hasDate = false;
    this.lengthLine = "";
    this.announcedLoad = undefined;
    this.handedOn = undefined;
    this.#offence.clear();
    this.#length.clear();
  }

  /** Parses the head, and once more where llhttp refuses a length for a tab behind it. Returns one of LLHTTP. */
  #parse(length: number): number {
    const { bytes, parser } = this;
    const code = this.#parseAnyMinor(length);
    if (code !== LLHTTP.INVALID_CONTENT_LENGTH || bytes[parser.end] !== HTAB) return code;
    this.#lengthLines.hide(bytes, bytes.indexOf(LF) + 1, length);
    const again = parser.parse(0, length);
    this.#lengthLines.show(bytes);
    return again;
  }

  /** A later minor version is read as the highest that we speak (RFC 9110 section 2.5): llhttp is told of that one. */
  #parseAnyMinor(length: number): number {
    const { bytes, parser } = this;
    const code = parser.parse(0, length);
    if (
      code !== LLHTTP.INVALID_VERSION ||
      !LATER_VERSION.test(bytes.latin1Slice(0, Math.min(STATUS_AT, length)))
    )
      return code;
    bytes[HTTP_1.length] = ONE;
    return parser.parse(0, length);
  }

  #isAcceptable(toHead: boolean): boolean {
    const { lines } = this;
    this.end = this.parser.end;
    if (this.end > this.#limits.headBytes) return this.#offence.note(REFUSE.HEAD_BYTES, 0);
    const firstField = this.#statusLine();
    if (firstField < 0) return false;
    if (lines.count > this.#limits.fields) return this.#offence.note(REFUSE.FIELDS, 0);
    const wrong = lines.verify(firstField);
    if (wrong >= 0) return this.#offence.note(REFUSE.FIELD_LINE, wrong);
    if (!this.#connection.read(this.#limits.fields)) return this.#offence.note(REFUSE.FIELDS, 0);
    for (let i = 0; i < lines.count; i++) this.#field(i);
    if (this.#offence.rule !== REFUSE.NONE || !this.#length.agrees(this.http10, 0)) return false;
    this.#conclude(toHead);
    return true;
  }

  #mayBecomeAcceptable(length: number): boolean {
    // llhttp passes over empty lines before a status line. A client that reads them might take them for a body.
    if (length > 0 && this.bytes[0] !== FIRST_OCTET) return this.#offence.note(REFUSE.REQUEST_LINE, 0);
    if (this.parser.fieldCount > this.#limits.fields) return this.#offence.note(REFUSE.FIELDS, 0);
    return length <= this.#limits.headBytes || this.#offence.note(REFUSE.HEAD_BYTES, 0);
  }

  #refuseByParser(length: number): void {
    const at = Math.max(0, Math.min(this.parser.end, length));
    const lineEnd = this.bytes.subarray(0, length).indexOf(LF);
    if (lineEnd < 0 || at <= lineEnd) this.#offence.note(REFUSE.REQUEST_LINE, at);
    else this.#offence.note(fieldSectionRule(this.parser, at, length), at);
  }

  /** HTTP/1.x SP status SP [reason] CRLF. Returns the offset of the first field line, or -1. */
  #statusLine(): number {
    const { bytes } = this;
    let lineEnd = STATUS_END - 1;
    while (bytes[lineEnd + 1] !== LF) lineEnd++;
    this.status = decimal(bytes, STATUS_AT, STATUS_END);
    this.http10 = bytes[HTTP_1.length] === ZERO;
    if (this.#isVersion() && this.status >= 100 && this.status <= 599 && this.#isReason(STATUS_END, lineEnd))
      return lineEnd + 2;
    this.#offence.note(REFUSE.REQUEST_LINE, 0);
    return -1;
  }

  #isVersion(): boolean {
    const { bytes } = this;
    for (let i = 0; i < HTTP_1.length; i++) if (bytes[i] !== HTTP_1[i]) return false;
    return (this.http10 || bytes[HTTP_1.length] === ONE) && bytes[STATUS_AT - 1] === SP;
  }

  /** SP [reason] CR; many servers leave out the space as well. llhttp lets control characters through. */
  #isReason(from: number, to: number): boolean {
    const { bytes } = this;
    if (bytes[to] !== CR || (from < to && bytes[from] !== SP)) return false;
    for (let i = from; i < to; i++) if (TEXT[bytes[i] as number] === 0) return false;
    return true;
  }

  #field(i: number): void {
    const { lines, bytes } = this;
    const at = lines.valueAt(i);
    switch (lines.numbers[i]) {
      case FIELD.CONTENT_LENGTH:
        this.#length.takeContentLength(bytes, at, lines.valueEnd(i) - at);
        if (!this.#isUsual(i)) this.#rewrite(i, `Content-Length: ${this.contentLength}\r\n`);
        return;
      case FIELD.TRANSFER_ENCODING:
        this.#length.takeTransferEncoding(bytes, at, lines.valueEnd(i) - at);
        if (!this.#isUsual(i)) this.#rewrite(i, "Transfer-Encoding: chunked\r\n");
        return;
      case FIELD.UPGRADE:
        if (this.status !== 101 && this.status !== 426) lines.drop(i);
        return;
      case FIELD.DATE:
        this.hasDate = true;
        return;
      // What concerns a proxy is meant for the next one alone (RFC 9110 sections 7.6.1, 11.7): that is us.
      case FIELD.KEEP_ALIVE:
      case FIELD.PROXY_CONNECTION:
      case FIELD.PROXY_AUTHENTICATE:
      case FIELD.PROXY_AUTHENTICATION_INFO:
      case FIELD.TE:
        lines.drop(i);
        return;
    }
  }

  /** Every reader takes it for what it is. */
  #isUsual(i: number): boolean {
    return this.lines.isPlain(i) && !this.#length.isUnusual;
  }

  /** Of tabs around a length, and of zeros before it, readers make different things. */
  #rewrite(i: number, line: string): void {
    this.lines.drop(i);
    this.lengthLine = line;
  }

  /** What all fields together say. */
  #conclude(toHead: boolean): void {
    if (this.#loadField !== FIELD.UNKNOWN) this.#takeAnnouncedLoad();
    this.persistent = this.#connection.persists(this.http10);
    this.hasLength = this.#length.lengths === 1;
    this.hasCoding = this.#length.chunked;
    this.body = this.#bodyFraming(toHead);
    if (this.status < 200 || this.status === 204) this.#takeNoLength();
    this.#collectDrops();
  }

  /** It is meant for us: no client gets it. One that is there twice says nothing that could be believed. */
  #takeAnnouncedLoad(): void {
    const values = this.lines.valuesOf(this.#loadField);
    if (values.length === 0) return;
    this.announcedLoad = values.join(", ");
    this.lines.dropAll(this.#loadField);
  }

  #bodyFraming(toHead: boolean): ResponseBody {
    if (toHead || this.status < 200 || this.status === 204 || this.status === 304) return RESPONSE_BODY.NONE;
    if (this.hasCoding) return RESPONSE_BODY.CHUNKED;
    if (!this.hasLength) return RESPONSE_BODY.UNTIL_CLOSE;
    return this.contentLength === 0 ? RESPONSE_BODY.NONE : RESPONSE_BODY.LENGTH;
  }

  /**
   * Such a response has no body and may not say how long it is (RFC 9110 section 8.6, RFC 9112 section 6.1). Whoever
   * does may send one too, a moment later, where the next response should begin.
   */
  #takeNoLength(): void {
    if (this.hasCoding || this.contentLength > 0) this.persistent = false;
    this.lines.dropAll(FIELD.CONTENT_LENGTH);
    this.lines.dropAll(FIELD.TRANSFER_ENCODING);
    this.lengthLine = "";
    this.hasLength = false;
    this.hasCoding = false;
  }

  /** The status line is written anew: the version is ours (RFC 9112 section 2.3). */
  #collectDrops(): void {
    this.lines.collectDrops(0, STATUS_END);
  }
}

/**
 * Fields that no connection option takes out of a response: those that frame it, Upgrade, which it announces, and those
 * that every proxy on the way is to add to or to keep.
 */
function protectedFields(names: FieldNames): Uint8Array {
  const isProtected = new Uint8Array(names.count + 1);
  for (const number of [
    FIELD.CONTENT_LENGTH,
    FIELD.TRANSFER_ENCODING,
    FIELD.CONNECTION,
    FIELD.UPGRADE,
    FIELD.VIA,
    FIELD.DATE,
  ])
    isProtected[number] = 1;
  return isProtected;
}
