import type { Limits } from "../config/resolved.ts";
import { ConnectionOptions } from "./connection-options.ts";
import { Destination } from "./destination.ts";
import { FieldLines } from "./field-lines.ts";
import { FIELD, type FieldNames, RESEMBLES } from "./field-names.ts";
import { HEAD, HEAD_FLAG, type HeadOutcome } from "./head-flags.ts";
import { ListWalk } from "./list.ts";
import { MessageLength } from "./message-length.ts";
import { isIdempotent, isSafe, METHOD, methodName } from "./methods.ts";
import { CR, equalsIgnoringCase, LF, SLASH, SP } from "./octets.ts";
import { Offence } from "./offence.ts";
import { HeadParser, LLHTTP } from "./parser.ts";
import { fieldSectionRule } from "./parser-rule.ts";
import { REFUSE } from "./refusal.ts";
import { RequestLine } from "./request-line.ts";

const TRAILERS = Buffer.from("trailers");
const CONTINUE = Buffer.from("100-continue");
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
  start = 0;
  /** Exclusive: the first octet behind the head. */
  end = 0;
  /** Of HEAD_FLAG. */
  flags = 0;

  readonly #limits: HeadLimits;
  readonly #offence = new Offence();
  readonly #line: RequestLine;
  readonly #destination: Destination;
  readonly #length = new MessageLength(this.#offence);
  readonly #connection: ConnectionOptions;
  /** By number of a field: who may send it. */
  readonly #senders: Uint8Array;
  readonly #walk = new ListWalk();
  /** The one Upgrade field; -1 when there is none, or more than one. */
  #upgrade = -1;
  #upgrades = 0;

  /** `identityHeader`: number of a field that names the user, and which only trusted peers may send. */
  constructor(names: FieldNames, limits: HeadLimits, identityHeader: number = FIELD.UNKNOWN) {
    this.lines = new FieldLines(this.parser, names);
    this.#limits = limits;
    this.#line = new RequestLine(this.parser, this.#offence, limits.targetBytes);
    this.#destination = new Destination(this.parser.bytes, this.#offence);
    this.#senders = sendersOf(names, identityHeader);
    this.#connection = new ConnectionOptions(this.lines, protectedFields(this.#senders));
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
    if (method === METHOD.PRIVATE) return this.bytes.latin1Slice(this.start, this.start + methodLength);
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
    this.#begin(skipEmptyLines(this.bytes, from, to));
    if (this.start === to) return HEAD.INCOMPLETE;
    switch (this.#line.parse(this.start, to)) {
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
    this.flags &= FIRST_LINE_FLAGS;
    return HEAD.REFUSED;
  }

  /** The values of the fields of a number, trimmed. */
  valuesOf(number: number): readonly string[] {
    return this.lines.valuesOf(number);
  }

  #begin(start: number): void {
    this.start = start;
    this.end = start;
    this.flags = 0;
    this.#offence.clear();
    this.#line.clear();
    this.#destination.clear();
    this.#length.clear();
    this.#upgrade = -1;
    this.#upgrades = 0;
  }

  #isAcceptable(trusted: boolean): boolean {
    const { start, lines } = this;
    if (this.end - start > this.#limits.headBytes) return this.#offence.note(REFUSE.HEAD_BYTES, start);
    if (!this.#isFirstLine(this.end)) return false;
    if (lines.count > this.#limits.fields) return this.#offence.note(REFUSE.FIELDS, start);
    const wrong = lines.verify(this.#line.end);
    if (wrong >= 0) return this.#offence.note(REFUSE.FIELD_LINE, wrong);
    if (!this.#connection.read(this.#limits.fields)) return this.#offence.note(REFUSE.FIELDS, start);
    for (let i = 0; i < lines.count; i++) this.#field(i, trusted);
    if (this.#offence.rule !== REFUSE.NONE) return false;
    if (!this.#destination.isPlain(this.#line, start)) return false;
    if (!this.#length.agrees(this.#line.http10, start)) return false;
    this.#conclude();
    return true;
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
        return;
      case FIELD.TRANSFER_ENCODING:
        this.#length.takeTransferEncoding(bytes, at, length);
        return;
      case FIELD.KEEP_ALIVE:
      case FIELD.PROXY_CONNECTION:
      case FIELD.HTTP2_SETTINGS:
        lines.drop(i);
        return;
      case FIELD.TE:
        lines.drop(i);
        if (this.#walk.finds(TRAILERS, bytes, at, at + length)) this.flags |= HEAD_FLAG.TE_TRAILERS;
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
    if (!equalsIgnoringCase(this.bytes, at, length, CONTINUE)) this.#offence.note(REFUSE.EXPECT, at);
    if (this.#line.http10) this.lines.takeOut(i);
    else this.flags |= HEAD_FLAG.EXPECT_CONTINUE;
  }

  /**
   * Fields that are believed come from trusted peers or not at all. What only resembles one comes from nobody: trusted
   * peers pass it on from strangers, and a CGI-like server reads it as the one that it resembles.
   */
  #trust(i: number, number: number, trusted: boolean): void {
    const senders = this.#senders[number & ~RESEMBLES];
    if (senders === ANYBODY) return;
    if (!trusted || senders === NOBODY || number >= RESEMBLES) this.lines.takeOut(i);
    else this.flags |= KEPT_FLAGS[number] ?? 0;
  }

  /** What all fields together say. */
  #conclude(): void {
    const destination = this.#destination;
    if (destination.hosts > 0) this.flags |= HEAD_FLAG.HAS_HOST;
    if (destination.hasEmptyPath) this.flags |= HEAD_FLAG.EMPTY_PATH;
    if (this.#length.chunked) this.flags |= HEAD_FLAG.CONTENT | HEAD_FLAG.CHUNKED;
    else if (this.#length.octets > 0) this.flags |= HEAD_FLAG.CONTENT;
    if (this.#connection.persists(this.#line.http10)) this.flags |= HEAD_FLAG.PERSISTENT;
    if (this.#mayUpgrade()) {
      this.flags |= HEAD_FLAG.UPGRADE;
      this.lines.keep(this.#upgrade);
    }
    this.lines.collectDrops(destination.targetAt - destination.leadLength, destination.leadLength);
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

const TRUST_FIELDS = [
  FIELD.X_FORWARDED_FOR,
  FIELD.X_FORWARDED_PROTO,
  FIELD.X_FORWARDED_HOST,
  FIELD.FORWARDED,
  FIELD.X_REQUEST_ID,
];

const ANYBODY = 0;
const TRUSTED_PEERS = 1;
const NOBODY = 2;

/** Who may send each field of the table. */
function sendersOf(names: FieldNames, identityHeader: number): Uint8Array {
  const senders = new Uint8Array(names.count + 1);
  const believed = identityHeader === FIELD.UNKNOWN ? TRUST_FIELDS : [...TRUST_FIELDS, identityHeader];
  for (const number of believed) for (const other of names.resembling(number)) senders[other] = NOBODY;
  for (const number of believed) senders[number] = TRUSTED_PEERS;
  return senders;
}

/**
 * Fields that no connection option takes out of the message: those that frame it, those that are judged here before
 * they are dropped, and those that are believed. A client could otherwise make a trusted peer unsay whom it speaks for
 * (CVE-2024-45410).
 */
function protectedFields(senders: Uint8Array): Uint8Array {
  const isProtected = senders.map((who) => (who === TRUSTED_PEERS ? 1 : 0));
  for (const number of [
    FIELD.HOST,
    FIELD.CONTENT_LENGTH,
    FIELD.TRANSFER_ENCODING,
    FIELD.CONNECTION,
    FIELD.TE,
  ])
    isProtected[number] = 1;
  return isProtected;
}

/** Empty lines before a request line are ignored (RFC 9112 section 2.2). */
function skipEmptyLines(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at + 1 < to && bytes[at] === CR && bytes[at + 1] === LF) at += 2;
  return at;
}

/** Whether credentials are of an authentication scheme, given in lower case (RFC 9110 section 11.4). */
function schemeIs(bytes: Uint8Array, at: number, length: number, scheme: Uint8Array): boolean {
  if (length < scheme.length || !equalsIgnoringCase(bytes, at, scheme.length, scheme)) return false;
  return length === scheme.length || bytes[at + scheme.length] === SP;
}
