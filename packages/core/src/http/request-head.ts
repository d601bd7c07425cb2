import type { Limits } from "../config/resolved.ts";
import { ConnectionOptions } from "./connection-options.ts";
import { Destination } from "./destination.ts";
import { endOfEmptyLines, isRestOfEmptyLines } from "./empty-lines.ts";
import { FieldLines } from "./field-lines.ts";
import { FIELD, type FieldNames } from "./field-names.ts";
import { FieldSenders } from "./field-senders.ts";
import { HEAD, HEAD_FLAG, type HeadOutcome } from "./head-flags.ts";
import { type HeadPolicy, STRICT } from "./head-policy.ts";
import { Hops } from "./hops.ts";
import { LengthLines } from "./length-lines.ts";
import { ListWalk } from "./list.ts";
import { MessageLength } from "./message-length.ts";
import { isIdempotent, isSafe, METHOD, methodName } from "./methods.ts";
import { equalsIgnoringCase, HTAB, LF, SLASH, SP } from "./octets.ts";
import { Offence } from "./offence.ts";
import { HeadParser, LLHTTP } from "./parser.ts";
import { fieldSectionRule } from "./parser-rule.ts";
import { REFUSE } from "./refusal.ts";
import { RequestLine } from "./request-line.ts";

const TRAILERS = Buffer.from("trailers");
const CONTINUE = Buffer.from("100-continue");
const HEAD_METHOD = "HEAD ";
const NTLM = Buffer.from("ntlm");
const NEGOTIATE = Buffer.from("negotiate");
/** Protocols inside which requests would pass that nobody judges. */
const CARRY_REQUESTS = ["h2c", "h2", "http", "tls"].map((name) => Buffer.from(name));
/** Flags that the first line tells; of a refused request nothing else is known for certain. */
const FIRST_LINE_FLAGS = HEAD_FLAG.HTTP_1_0 | HEAD_FLAG.HEAD_METHOD | HEAD_FLAG.OPTIONS_METHOD;

type HeadLimits = Pick<Limits, "headBytes" | "fields" | "targetBytes">;

/**
 * Where a request begins and ends, and what its head says about it (RFC 9112 sections 2, 3, 5, 6, 9.3).
 * Two peers that disagree on the end of one request disagree on the start of the next. So this module answers only
 * when certain; when it is not, it refuses, and the connection closes after the reply.
 * One object judges one head after the other; what it found holds until the next call.
 */
export class RequestHead {
  readonly parser = new HeadParser("request");
  readonly lines: FieldLines;
  /** Behind the empty lines before it; of a head that has not begun before them, since they count with those to come. */
  start = 0;
  /** Exclusive: the first octet behind the head. */
  end = 0;
  /** Of HEAD_FLAG. */
  flags = 0;

  readonly #limits: HeadLimits;
  readonly #offence = new Offence();
  readonly #line: RequestLine;
  readonly #destination: Destination;
  readonly #length: MessageLength;
  readonly #lengthLines = new LengthLines();
  readonly #mayRepeatLength: boolean;
  /** Not every reader takes each whitespace around a length: then the server gets it in the form that all take. */
  #rewritesLength = false;
  readonly #connection: ConnectionOptions;
  readonly #senders: FieldSenders;
  readonly #hops = new Hops(this.#offence);
  readonly #walk = new ListWalk();
  /** The one Upgrade field; -1 when there is none, or more than one. */
  #upgrade = -1;
  #upgrades = 0;

  /** `names`: those that rules or others ask for, and those of `policy`. */
  constructor(names: FieldNames, limits: HeadLimits, policy: HeadPolicy = STRICT) {
    const { leniency, believed, decisive } = policy;
    this.lines = new FieldLines(this.parser, names);
    this.#limits = limits;
    this.#line = new RequestLine(this.parser, this.#offence, limits.targetBytes);
    this.#destination = new Destination(this.parser.bytes, this.#offence, leniency);
    this.#length = new MessageLength(this.#offence, leniency.repeatedContentLength);
    this.#mayRepeatLength = leniency.repeatedContentLength;
    this.#senders = new FieldSenders(names, believed, decisive);
    this.#connection = new ConnectionOptions(this.lines, this.#senders.whenNamed);
  }

  get bytes(): Buffer {
    return this.parser.bytes;
  }

  /** See methods.ts; METHOD.NONE when the first line was not understood. */
  get method(): number {
    return this.#line.method;
  }

  /** As it was sent; "" when the first line was not understood. */
  get methodName(): string {
    const { method, methodLength } = this.#line;
    if (method === METHOD.UNREGISTERED) return this.bytes.latin1Slice(this.start, this.start + methodLength);
    return methodName(method) ?? "";
  }

  get contentLength(): number {
    return this.#length.octets;
  }

  /** The target in origin-form, as it is sent. */
  get targetAt(): number {
    return this.#destination.targetAt;
  }

  get targetLength(): number {
    return this.#destination.targetLength;
  }

  /** The path may be another one to another reader; see path-readings.ts. */
  get hasReadings(): boolean {
    return this.#destination.hasReadings;
  }

  /** What is sent as Max-Forwards; -1 is none. */
  get maxForwards(): number {
    return this.#hops.left;
  }

  /** Host and port as the client named them; length 0 when it named none (HTTP/1.0). */
  get authorityAt(): number {
    return this.#destination.authorityAt;
  }

  get authorityLength(): number {
    return this.#destination.authorityLength;
  }

  /** One of REFUSE, and the offset where the offence lies. */
  get refusal(): number {
    return this.#offence.rule;
  }

  get refusalAt(): number {
    return this.#offence.at;
  }

  load(source: Uint8Array, from: number, to: number): void {
    this.parser.load(source, from, to);
  }

  /** Judges the head that begins at `from`; `to` is the end of what was loaded. */
  judge(from: number, to: number, trusted: boolean): HeadOutcome {
    const start = endOfEmptyLines(this.bytes, from, to);
    const hasBegun = start >= 0 && !isRestOfEmptyLines(this.bytes, start, to);
    this.#begin(hasBegun ? start : from);
    if (start < 0) {
      this.#offence.note(REFUSE.REQUEST_LINE, from);
      return HEAD.REFUSED;
    }
    if (!hasBegun) return HEAD.INCOMPLETE;
    switch (this.#parse(to)) {
      case LLHTTP.PAUSED_UPGRADE:
        this.end = this.parser.end;
        if (this.#isAcceptable(trusted)) return HEAD.COMPLETE;
        break;
      case LLHTTP.OK:
        if (this.#mayBecomeAcceptable(to)) return HEAD.INCOMPLETE;
        break;
      default:
        this.#refuseByParser(to);
    }
    this.flags = (this.flags & FIRST_LINE_FLAGS) | this.#beginsWith();
    return HEAD.REFUSED;
  }

  /** Refuses a head that was judged complete, for what only rules can tell. */
  refuse(rule: number, at: number): void {
    this.#offence.note(rule, at);
    this.flags &= FIRST_LINE_FLAGS;
  }

  /** The values of the fields of a number, trimmed. */
  valuesOf(number: number): readonly string[] {
    return this.lines.valuesOf(number);
  }

  /**
   * The expectation was met by us, for whoever had to see the content first: the server is not asked to meet it again
   * (RFC 9110 section 10.1.1). For a head that was judged complete.
   */
  withdrawExpectation(): void {
    this.lines.takeOutAll(FIELD.EXPECT);
    this.flags &= ~HEAD_FLAG.EXPECT_CONTINUE;
    this.#collectDrops();
  }

  #begin(start: number): void {
    this.start = start;
    this.end = start;
    this.flags = 0;
    this.#offence.clear();
    this.#line.clear();
    this.#destination.clear();
    this.#length.clear();
    this.#rewritesLength = false;
    this.#hops.clear();
    this.#upgrade = -1;
    this.#upgrades = 0;
  }

  /** Parses the head, and once more where llhttp refuses a length that may be right. Returns one of LLHTTP. */
  #parse(to: number): number {
    const { bytes, start } = this;
    const code = this.#line.parse(start, to);
    if (!this.#mayBeLength(code)) return code;
    this.#lengthLines.hide(bytes, this.#firstLineEnd(to) + 1, to);
    const again = this.#line.parse(start, to);
    this.#lengthLines.show(bytes);
    return again;
  }

  /** Whether llhttp has refused a length for a tab behind it, or for being repeated where that is let through. */
  #mayBeLength(code: number): boolean {
    if (code === LLHTTP.UNEXPECTED_CONTENT_LENGTH) return this.#mayRepeatLength;
    if (code !== LLHTTP.INVALID_CONTENT_LENGTH) return false;
    return this.#mayRepeatLength || this.bytes[this.parser.end] === HTAB;
  }

  #isAcceptable(trusted: boolean): boolean {
    const { start, lines } = this;
    if (!this.#isFirstLine(this.end)) return false;
    if (this.end - start > this.#limits.headBytes) return this.#offence.note(REFUSE.HEAD_BYTES, start);
    if (lines.count > this.#limits.fields) return this.#offence.note(REFUSE.FIELDS, start);
    const wrong = lines.verify(this.#line.end);
    if (wrong >= 0) return this.#offence.note(REFUSE.FIELD_LINE, wrong);
    if (!this.#connection.read(this.#limits.fields)) return this.#offence.note(REFUSE.FIELDS, start);
    const { wrongAt } = this.#connection;
    if (wrongAt >= 0) return this.#offence.note(REFUSE.CONNECTION_OPTION, wrongAt);
    for (let i = 0; i < lines.count; i++) this.#field(i, trusted);
    if (this.#offence.rule !== REFUSE.NONE) return false;
    if (!this.#destination.isPlain(this.#line, start)) return false;
    if (!this.#length.agrees(this.#line.http10, start)) return false;
    this.#conclude();
    if (this.method !== METHOD.TRACE || (this.flags & HEAD_FLAG.CONTENT) === 0) return true;
    return this.#offence.note(REFUSE.TRACE_CONTENT, start);
  }

  /** The request line, once it is there, is judged at once: a stranger's protocol must not wait for a timeout. */
  #mayBecomeAcceptable(to: number): boolean {
    const { start, parser } = this;
    if (parser.fieldCount > this.#limits.fields) return this.#offence.note(REFUSE.FIELDS, start);
    if (!this.#line.isMethodBounded(start)) return false;
    if (this.#firstLineEnd(to) >= 0 && !this.#isFirstLine(to)) return false;
    if (parser.urlLength > this.#limits.targetBytes) return this.#offence.note(REFUSE.TARGET_BYTES, start);
    return to - start <= this.#limits.headBytes || this.#offence.note(REFUSE.HEAD_BYTES, start);
  }

  /** llhttp also refuses what we refuse in the lines before: the first offence is the one to name. */
  #refuseByParser(to: number): void {
    const at = Math.max(this.start, Math.min(this.parser.end, to));
    const lineEnd = this.#firstLineEnd(to);
    if (lineEnd < 0 || at <= lineEnd) this.#line.refuse(this.start, at, to);
    else if (!this.#isFirstLine(to)) return;
    else if (at - this.start > this.#limits.headBytes) this.#offence.note(REFUSE.HEAD_BYTES, this.start);
    else this.#offence.note(fieldSectionRule(this.parser, at, to), at);
  }

  /** Flags of the method alone: an answer to HEAD has no content, whatever else is wrong with the request. */
  #beginsWith(): number {
    const isHead = this.bytes.latin1Slice(this.start, this.start + HEAD_METHOD.length) === HEAD_METHOD;
    return isHead ? HEAD_FLAG.HEAD_METHOD : 0;
  }

  #firstLineEnd(to: number): number {
    return this.bytes.subarray(0, to).indexOf(LF, this.start);
  }

  #isFirstLine(to: number): boolean {
    const line = this.#line;
    if (!line.judge(this.start, to)) return false;
    this.#destination.takeTarget(line.targetAt, line.targetLength);
    this.flags |= METHOD_FLAGS[line.method] as number;
    if (line.http10) this.flags |= HEAD_FLAG.HTTP_1_0;
    return true;
  }

  #field(i: number, trusted: boolean): void {
    const { lines, bytes } = this;
    const number = lines.numbers[i] as number;
    if (number === FIELD.UNKNOWN) return;
    const at = lines.valueAt(i);
    const length = lines.valueEnd(i) - at;
    switch (number) {
      case FIELD.HOST:
        this.#destination.takeHost(at, length);
        return;
      case FIELD.CONTENT_LENGTH:
        this.#length.takeContentLength(bytes, at, length);
        if (!lines.isPlain(i)) this.#rewritesLength = true;
        return;
      case FIELD.TRANSFER_ENCODING:
        this.#length.takeTransferEncoding(bytes, at, length);
        if (!lines.isPlain(i)) this.#rewritesLength = true;
        return;
      case FIELD.KEEP_ALIVE:
      case FIELD.PROXY_CONNECTION:
      case FIELD.HTTP2_SETTINGS:
        lines.drop(i);
        return;
      case FIELD.TE:
        lines.drop(i);
        // Without the option it comes from a peer of somebody who did not know it (RFC 9110 section 10.1.4).
        if (this.#connection.te && this.#walk.finds(TRAILERS, bytes, at, at + length))
          this.flags |= HEAD_FLAG.TE_TRAILERS;
        return;
      case FIELD.VIA:
        this.#hops.takeVia(bytes, at, at + length);
        return;
      case FIELD.MAX_FORWARDS:
        this.#maxForwards(i, at, length);
        return;
      case FIELD.UPGRADE:
        lines.drop(i);
        this.#upgrade = this.#upgrades++ === 0 ? i : -1;
        return;
      case FIELD.EXPECT:
        this.#expectation(i, at, length);
        return;
      case FIELD.AUTHORIZATION:
        if (schemeIs(bytes, at, length, NTLM) || schemeIs(bytes, at, length, NEGOTIATE))
          this.flags |= HEAD_FLAG.BOUND;
        break;
    }
    this.#trust(i, number, trusted);
  }

  /** Nobody expects anything in HTTP/1.0 (RFC 9110 section 10.1.1), and we go on in HTTP/1.1: so the field ends here. */
  #expectation(i: number, at: number, length: number): void {
    const { bytes } = this;
    const walk = this.#walk.over(bytes, at, at + length);
    let members = 0;
    for (; walk.step(); members++)
      if (!equalsIgnoringCase(bytes, walk.at, walk.length, CONTINUE))
        this.#offence.note(REFUSE.EXPECT, walk.at);
    if (members === 0 || this.#line.http10) this.lines.takeOut(i);
    else this.flags |= HEAD_FLAG.EXPECT_CONTINUE;
  }

  /** Ours takes its place, one less. With other methods it means nothing (RFC 9110 section 7.6.2). */
  #maxForwards(i: number, at: number, length: number): void {
    if (this.method !== METHOD.TRACE && this.method !== METHOD.OPTIONS) return;
    this.#hops.takeMaxForwards(this.bytes, at, at + length);
    this.lines.drop(i);
  }

  #trust(i: number, number: number, trusted: boolean): void {
    if (!this.#senders.mayBeFrom(trusted, number)) this.lines.takeOut(i);
    else this.flags |= KEPT_FLAGS[number] ?? 0;
  }

  /** What all fields together say. */
  #conclude(): void {
    const destination = this.#destination;
    if (destination.overridesHost) this.lines.takeOutAll(FIELD.HOST);
    else if (destination.hosts > 0) this.flags |= HEAD_FLAG.HAS_HOST;
    if (destination.hasEmptyPath) this.flags |= HEAD_FLAG.EMPTY_PATH;
    if (this.#length.chunked) this.flags |= HEAD_FLAG.CONTENT | HEAD_FLAG.CHUNKED;
    else if (this.#length.octets > 0) this.flags |= HEAD_FLAG.CONTENT;
    if (this.#length.isUnusual || this.#rewritesLength) {
      this.flags |= HEAD_FLAG.LENGTH_REWRITTEN;
      this.lines.dropAll(this.#length.chunked ? FIELD.TRANSFER_ENCODING : FIELD.CONTENT_LENGTH);
    }
    if (this.#hops.isFinal) this.flags |= HEAD_FLAG.FINAL_RECIPIENT;
    if (this.#connection.persists(this.#line.http10)) this.flags |= HEAD_FLAG.PERSISTENT;
    if (this.#mayUpgrade()) {
      this.flags |= HEAD_FLAG.UPGRADE;
      this.lines.keep(this.#upgrade);
    }
    this.#collectDrops();
  }

  #collectDrops(): void {
    const { targetAt, leadLength } = this.#destination;
    this.lines.collectDrops(targetAt - leadLength, leadLength);
  }

  /**
   * An upgrade may be ignored (RFC 9110 section 7.8), and it is where it could be answered while content still flows,
   * and where more requests would come in it.
   */
  #mayUpgrade(): boolean {
    if (this.#upgrade < 0 || !this.#connection.upgrade || this.#line.http10) return false;
    return (this.flags & HEAD_FLAG.CONTENT) === 0 && this.#isOpaqueProtocol(this.#upgrade);
  }

  /** Whether an Upgrade field names protocols, and none of them carries requests. */
  #isOpaqueProtocol(i: number): boolean {
    const { bytes, lines } = this;
    const walk = this.#walk.over(bytes, lines.valueAt(i), lines.valueEnd(i));
    let protocols = 0;
    for (; walk.step(); protocols++) {
      let nameLength = 0;
      while (nameLength < walk.length && bytes[walk.at + nameLength] !== SLASH) nameLength++;
      if (CARRY_REQUESTS.some((name) => equalsIgnoringCase(bytes, walk.at, nameLength, name))) return false;
    }
    return protocols > 0;
  }
}

const METHOD_FLAGS = Int32Array.from({ length: 256 }, (_, method) => {
  let flags = 0;
  if (isSafe(method)) flags |= HEAD_FLAG.SAFE;
  if (isIdempotent(method)) flags |= HEAD_FLAG.IDEMPOTENT;
  if (method === METHOD.HEAD) flags |= HEAD_FLAG.HEAD_METHOD;
  if (method === METHOD.OPTIONS) flags |= HEAD_FLAG.OPTIONS_METHOD;
  return flags;
});

/** What is told of trust fields that are kept, by their number. */
const KEPT_FLAGS: Readonly<Record<number, number>> = Object.freeze({
  [FIELD.X_FORWARDED_PROTO]: HEAD_FLAG.KEEPS_PROTO,
  [FIELD.X_FORWARDED_HOST]: HEAD_FLAG.KEEPS_HOST,
  [FIELD.X_REQUEST_ID]: HEAD_FLAG.KEEPS_REQUEST_ID,
});

/** Whether credentials are of an authentication scheme, given in lower case (RFC 9110 section 11.4). */
function schemeIs(bytes: Uint8Array, at: number, length: number, scheme: Uint8Array): boolean {
  if (length < scheme.length || !equalsIgnoringCase(bytes, at, scheme.length, scheme)) return false;
  return length === scheme.length || bytes[at + scheme.length] === SP;
}
