import type { Limits } from "../config/resolved.ts";
import { eachMember, FieldLines } from "./field-lines.ts";
import { equalsIgnoringCase, FIELD, type FieldNames } from "./field-names.ts";
import { isIdempotent, isSafe, METHOD, methodName } from "./methods.ts";
import {
  ASTERISK,
  AT,
  allIn,
  CLOSE_BRACKET,
  COLON,
  CR,
  decimal,
  HASH,
  HOST_LITERAL,
  HOST_NAME,
  LF,
  OPEN_BRACKET,
  QUESTION,
  SLASH,
  SP,
} from "./octets.ts";
import { HeadParser, LLHTTP } from "./parser.ts";
import { REFUSE } from "./refusal.ts";

/** Properties of a request that the event loop acts on; a bit each. */
export const HEAD_FLAG = Object.freeze({
  SAFE: 1,
  IDEMPOTENT: 2,
  /** Content follows, of `contentLength` octets or chunked. */
  CONTENT: 4,
  CHUNKED: 8,
  /** The client connection may carry another request (RFC 9112 section 9.3). */
  PERSISTENT: 16,
  HTTP_1_0: 32,
  EXPECT_CONTINUE: 64,
  UPGRADE: 128,
  /** The credentials belong to the connection (NTLM, Negotiate). */
  BOUND: 256,
  HEAD_METHOD: 512,
  HAS_HOST: 1_024,
  /** The authority of the target is all there is of it: its path is empty. */
  EMPTY_PATH: 2_048,
  OPTIONS_METHOD: 4_096,
  /** Fields of a trusted peer that are kept. */
  KEEPS_PROTO: 8_192,
  KEEPS_HOST: 16_384,
  KEEPS_REQUEST_ID: 32_768,
  TE_TRAILERS: 65_536,
} as const);

export const HEAD = Object.freeze({ INCOMPLETE: 0, COMPLETE: 1, REFUSED: 2 } as const);
export type HeadOutcome = (typeof HEAD)[keyof typeof HEAD];

const CHUNKED = Buffer.from("chunked");
const CLOSE = Buffer.from("close");
const KEEP_ALIVE = Buffer.from("keep-alive");
const UPGRADE = Buffer.from("upgrade");
const TRAILERS = Buffer.from("trailers");
const CONTINUE = Buffer.from("100-continue");
const H2C = Buffer.from("h2c");
const NTLM = Buffer.from("ntlm");
const NEGOTIATE = Buffer.from("negotiate");
const HTTP_SCHEME = Buffer.from("http://");
const VERSION_AFTER_TARGET = Buffer.from(" HTTP/1.");
const PROTECTED = new Set<number>([
  FIELD.HOST,
  FIELD.CONTENT_LENGTH,
  FIELD.TRANSFER_ENCODING,
  FIELD.CONNECTION,
]);
const isProtected = (number: number): boolean => PROTECTED.has(number);

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
  method = 0;
  flags = 0;
  contentLength = 0;
  /** The target in origin-form, as it is sent. */
  targetAt = 0;
  targetLength = 0;
  /** Host and port as the client named them; length 0 when it named none (HTTP/1.0). */
  authorityAt = 0;
  authorityLength = 0;
  /** One of REFUSE, and the offset where the offence lies. */
  refusal = 0;
  refusalAt = 0;

  readonly #limits: Pick<Limits, "headBytes" | "fields" | "targetBytes">;
  readonly #identityHeader: number;
  #lengths = 0;
  #codings = 0;
  #hosts = 0;
  #upgradeAt = -1;
  #connectionSays = 0;
  #leadAt = 0;
  #leadLength = 0;

  /** `identityHeader`: number of a field that names the user, and which only trusted peers may send. */
  constructor(
    names: FieldNames,
    limits: Pick<Limits, "headBytes" | "fields" | "targetBytes">,
    identityHeader: number = FIELD.UNKNOWN,
  ) {
    this.lines = new FieldLines(this.parser, names);
    this.#limits = limits;
    this.#identityHeader = identityHeader;
  }

  get bytes(): Buffer {
    return this.parser.bytes;
  }

  load(source: Uint8Array, from: number, to: number): void {
    this.parser.load(source, from, to);
  }

  /** Judges the head that begins at `from`; `to` is the end of what was loaded. */
  judge(from: number, to: number, trusted: boolean): HeadOutcome {
    this.start = skipEmptyLines(this.bytes, from, to);
    this.end = this.start;
    this.refusal = REFUSE.NONE;
    this.method = 0;
    this.flags = 0;
    this.targetLength = 0;
    this.authorityLength = 0;
    if (this.start === to) return HEAD.INCOMPLETE;
    const code = this.parser.parse(this.start, to);
    if (code === LLHTTP.OK) return this.#judgeIncomplete(to);
    if (code !== LLHTTP.PAUSED_UPGRADE) return this.#refuseByParser(code, to);
    this.end = this.parser.end;
    return this.#judgeComplete(trusted);
  }

  /** The values of the fields of a number, trimmed. */
  valuesOf(number: number): readonly string[] {
    const { fields } = this.parser;
    let values: string[] | undefined;
    for (let i = 0; i < this.lines.count; i++) {
      if (this.lines.numbers[i] !== number) continue;
      const at = fields[i * 4 + 2] as number;
      values ??= [];
      values.push(this.bytes.latin1Slice(at, at + (fields[i * 4 + 3] as number)));
    }
    return values ?? NO_VALUES;
  }

  #judgeComplete(trusted: boolean): HeadOutcome {
    if (this.end - this.start > this.#limits.headBytes) return this.#refuse(REFUSE.HEAD_BYTES, this.start);
    const firstField = this.#requestLine(this.end);
    if (firstField < 0) return HEAD.REFUSED;
    if (this.lines.count > this.#limits.fields) return this.#refuse(REFUSE.FIELDS, this.start);
    const wrong = this.lines.verify(firstField);
    if (wrong >= 0) return this.#refuse(REFUSE.FIELD_LINE, wrong);
    this.#connectionSays = 0;
    this.#lengths = 0;
    this.#codings = 0;
    this.#hosts = 0;
    this.#upgradeAt = -1;
    for (let i = 0; i < this.lines.count; i++) this.#field(i, trusted);
    if (this.refusal !== REFUSE.NONE) return HEAD.REFUSED;
    if (!this.#target() || !this.#host() || !this.#framing()) return HEAD.REFUSED;
    this.#persistence();
    this.#properties();
    this.lines.collectDrops(this.#leadAt, this.#leadLength);
    return HEAD.COMPLETE;
  }

  /** The request line, once it is there, is judged at once: a stranger's protocol must not wait for a timeout. */
  #judgeIncomplete(to: number): HeadOutcome {
    if (this.parser.fieldCount > this.#limits.fields) return this.#refuse(REFUSE.FIELDS, this.start);
    const lineEnd = this.bytes.subarray(0, to).indexOf(LF, this.start);
    if (lineEnd >= 0 && this.#requestLine(to) < 0) return HEAD.REFUSED;
    if (this.parser.urlLength > this.#limits.targetBytes)
      return this.#refuse(REFUSE.TARGET_BYTES, this.start);
    if (to - this.start > this.#limits.headBytes) return this.#refuse(REFUSE.HEAD_BYTES, this.start);
    return HEAD.INCOMPLETE;
  }

  /** method SP target SP HTTP/1.x CRLF. Returns the offset of the line behind it, or -1 when it was refused. */
  #requestLine(to: number): number {
    const { urlAt, urlLength } = this.parser;
    const { bytes } = this;
    this.method = this.parser.method;
    const name = methodName(this.method);
    if (name === undefined) {
      this.#refuse(REFUSE.METHOD, this.start);
      return -1;
    }
    const separator = this.start + name.length;
    const targetEnd = urlAt + urlLength;
    const lineEnd = targetEnd + VERSION_AFTER_TARGET.length + 1;
    if (urlLength > this.#limits.targetBytes) return this.#refuseLine(REFUSE.TARGET_BYTES, urlAt);
    if (urlLength === 0 || bytes[separator] !== SP || urlAt !== separator + 1)
      return this.#refuseLine(REFUSE.REQUEST_LINE, separator);
    for (let i = 0; i < VERSION_AFTER_TARGET.length; i++) {
      if (targetEnd + i < to && bytes[targetEnd + i] === VERSION_AFTER_TARGET[i]) continue;
      return this.#refuseLine(
        otherVersion(bytes, targetEnd, to) ? REFUSE.VERSION : REFUSE.REQUEST_LINE,
        targetEnd,
      );
    }
    if (bytes[lineEnd] !== CR || bytes[lineEnd + 1] !== LF)
      return this.#refuseLine(REFUSE.REQUEST_LINE, lineEnd);
    const minor = bytes[lineEnd - 1];
    if (minor !== 0x30 && minor !== 0x31) return this.#refuseLine(REFUSE.VERSION, lineEnd - 1);
    if (minor === 0x30) this.flags |= HEAD_FLAG.HTTP_1_0;
    this.targetAt = urlAt;
    this.targetLength = urlLength;
    return lineEnd + 2;
  }

  #field(i: number, trusted: boolean): void {
    const { fields } = this.parser;
    const at = fields[i * 4 + 2] as number;
    const length = fields[i * 4 + 3] as number;
    const number = this.lines.numbers[i] as number;
    switch (number) {
      case FIELD.UNKNOWN:
      case FIELD.COOKIE:
        return;
      case FIELD.HOST:
        this.#hosts++;
        this.authorityAt = at;
        this.authorityLength = length;
        return;
      case FIELD.CONTENT_LENGTH:
        this.#lengths++;
        this.contentLength = decimal(this.bytes, at, at + length);
        if (this.contentLength < 0) this.#refuse(REFUSE.CONTENT_LENGTH, at);
        return;
      case FIELD.TRANSFER_ENCODING:
        this.#codings++;
        if (!equalsIgnoringCase(this.bytes, at, length, CHUNKED)) this.#refuseCoding(at, length);
        return;
      case FIELD.CONNECTION:
        this.lines.dropped[i] = 1;
        this.#connection(at, length);
        return;
      case FIELD.KEEP_ALIVE:
      case FIELD.PROXY_CONNECTION:
      case FIELD.HTTP2_SETTINGS:
        this.lines.dropped[i] = 1;
        return;
      case FIELD.TE:
        this.lines.dropped[i] = 1;
        if (equalsIgnoringCase(this.bytes, at, length, TRAILERS)) this.flags |= HEAD_FLAG.TE_TRAILERS;
        return;
      case FIELD.UPGRADE:
        this.lines.dropped[i] = 1;
        this.#upgradeAt = this.#upgradeAt === -1 && !equalsIgnoringCase(this.bytes, at, length, H2C) ? i : -2;
        return;
      case FIELD.EXPECT:
        if (!equalsIgnoringCase(this.bytes, at, length, CONTINUE)) this.#refuse(REFUSE.EXPECT, at);
        this.flags |= HEAD_FLAG.EXPECT_CONTINUE;
        return;
      case FIELD.AUTHORIZATION:
        if (schemeIs(this.bytes, at, length, NTLM) || schemeIs(this.bytes, at, length, NEGOTIATE))
          this.flags |= HEAD_FLAG.BOUND;
        break;
      case FIELD.X_FORWARDED_FOR:
      case FIELD.FORWARDED:
        if (!trusted) this.lines.dropped[i] = 1;
        return;
      case FIELD.X_FORWARDED_PROTO:
        if (trusted) this.flags |= HEAD_FLAG.KEEPS_PROTO;
        else this.lines.dropped[i] = 1;
        return;
      case FIELD.X_FORWARDED_HOST:
        if (trusted) this.flags |= HEAD_FLAG.KEEPS_HOST;
        else this.lines.dropped[i] = 1;
        return;
      case FIELD.X_REQUEST_ID:
        if (trusted) this.flags |= HEAD_FLAG.KEEPS_REQUEST_ID;
        else this.lines.dropped[i] = 1;
        return;
    }
    if (number === this.#identityHeader && !trusted) this.lines.dropped[i] = 1;
  }

  #connection(at: number, length: number): void {
    eachMember(this.bytes, at, at + length, (option, size) => {
      if (equalsIgnoringCase(this.bytes, option, size, CLOSE)) this.#connectionSays |= SAYS_CLOSE;
      else if (equalsIgnoringCase(this.bytes, option, size, KEEP_ALIVE))
        this.#connectionSays |= SAYS_KEEP_ALIVE;
      else if (equalsIgnoringCase(this.bytes, option, size, UPGRADE)) this.#connectionSays |= SAYS_UPGRADE;
      else this.lines.takeOut(option, size, isProtected);
    });
  }

  /** The four forms of RFC 9112 section 3.2, of which a reverse proxy takes three. */
  #target(): boolean {
    const { bytes, targetAt, targetLength } = this;
    const end = targetAt + targetLength;
    this.#leadLength = 0;
    if (this.method === METHOD.CONNECT) return this.#refused(REFUSE.CONNECT, this.start);
    for (let i = targetAt; i < end; i++) if (bytes[i] === HASH) return this.#refused(REFUSE.TARGET, i);
    if (bytes[targetAt] === SLASH) return true;
    if (bytes[targetAt] === ASTERISK)
      return (targetLength === 1 && this.method === METHOD.OPTIONS) || this.#refused(REFUSE.TARGET, targetAt);
    return this.#absoluteForm(end);
  }

  /** The authority of the target counts; Host must say the same, so that no server can see another one. */
  #absoluteForm(end: number): boolean {
    const { bytes } = this;
    const at = this.targetAt;
    if (!equalsIgnoringCase(bytes, at, HTTP_SCHEME.length, HTTP_SCHEME))
      return this.#refused(REFUSE.TARGET, at);
    const authority = at + HTTP_SCHEME.length;
    let path = authority;
    while (path < end && bytes[path] !== SLASH && bytes[path] !== QUESTION) {
      if (bytes[path] === AT) return this.#refused(REFUSE.TARGET, path);
      path++;
    }
    if (this.#hosts === 1 && !this.#sameAuthority(authority, path - authority))
      return this.#refused(REFUSE.HOST_DIFFERS, authority);
    this.#leadAt = at;
    this.#leadLength = path - at;
    this.targetAt = path;
    this.targetLength = end - path;
    if (this.targetLength === 0 || bytes[path] === QUESTION) this.flags |= HEAD_FLAG.EMPTY_PATH;
    this.authorityAt = authority;
    this.authorityLength = path - authority;
    return true;
  }

  #sameAuthority(at: number, length: number): boolean {
    const host = Buffer.from(
      this.bytes.latin1Slice(this.authorityAt, this.authorityAt + this.authorityLength).toLowerCase(),
    );
    return equalsIgnoringCase(this.bytes, at, length, host);
  }

  #host(): boolean {
    if (this.#hosts > 1) return this.#refused(REFUSE.HOST_REPEATED, this.authorityAt);
    if (this.#hosts === 1) this.flags |= HEAD_FLAG.HAS_HOST;
    else if ((this.flags & HEAD_FLAG.HTTP_1_0) === 0) return this.#refused(REFUSE.HOST_MISSING, this.start);
    if (this.#hosts === 0 && this.#leadLength === 0) return true;
    return (
      isAuthority(this.bytes, this.authorityAt, this.authorityAt + this.authorityLength) ||
      this.#refused(REFUSE.HOST_VALUE, this.authorityAt)
    );
  }

  /** RFC 9112 section 6.3, of whose rules a request can meet 3 to 6; the RFC lets us repair rule 3, we refuse. */
  #framing(): boolean {
    if (this.#lengths > 0 && this.#codings > 0) return this.#refused(REFUSE.TWO_LENGTHS, this.start);
    if (this.#lengths > 1) return this.#refused(REFUSE.CONTENT_LENGTH_REPEATED, this.start);
    if (this.#codings > 1) return this.#refused(REFUSE.TRANSFER_ENCODING, this.start);
    if (this.#codings === 1) {
      if ((this.flags & HEAD_FLAG.HTTP_1_0) !== 0)
        return this.#refused(REFUSE.TRANSFER_ENCODING_1_0, this.start);
      this.flags |= HEAD_FLAG.CONTENT | HEAD_FLAG.CHUNKED;
    }
    if (this.#lengths === 0) this.contentLength = 0;
    else if (this.contentLength > 0) this.flags |= HEAD_FLAG.CONTENT;
    return true;
  }

  /** RFC 9112 section 9.3. */
  #persistence(): void {
    const http10 = (this.flags & HEAD_FLAG.HTTP_1_0) !== 0;
    const says = this.#connectionSays;
    if ((says & SAYS_CLOSE) === 0 && (!http10 || (says & SAYS_KEEP_ALIVE) !== 0))
      this.flags |= HEAD_FLAG.PERSISTENT;
    // An upgrade with content could be answered while the content still flows; the field may be ignored, so it is.
    if (
      this.#upgradeAt < 0 ||
      (says & SAYS_UPGRADE) === 0 ||
      http10 ||
      (this.flags & HEAD_FLAG.CONTENT) !== 0
    )
      return;
    this.flags |= HEAD_FLAG.UPGRADE;
    this.lines.dropped[this.#upgradeAt] = 0;
  }

  #properties(): void {
    if (isSafe(this.method)) this.flags |= HEAD_FLAG.SAFE;
    if (isIdempotent(this.method)) this.flags |= HEAD_FLAG.IDEMPOTENT;
    if (this.method === METHOD.HEAD) this.flags |= HEAD_FLAG.HEAD_METHOD;
    if (this.method === METHOD.OPTIONS) this.flags |= HEAD_FLAG.OPTIONS_METHOD;
  }

  /** A coding that exists is not implemented here (501); anything else in that field is an attempt at ambiguity. */
  #refuseCoding(at: number, length: number): void {
    const text = this.bytes.latin1Slice(at, at + length).toLowerCase();
    const known = /^(gzip|x-gzip|deflate|compress|x-compress)[ \t]*,[ \t]*chunked$/.test(text);
    this.#refuse(known ? REFUSE.TRANSFER_CODING : REFUSE.TRANSFER_ENCODING, at);
  }

  #refuseByParser(code: number, to: number): HeadOutcome {
    const at = Math.min(this.parser.end, to);
    const firstLf = this.bytes.subarray(0, to).indexOf(LF, this.start);
    if (firstLf < 0 || at <= firstLf) return this.#refuseFirstLine(code, at, to);
    // llhttp also refuses what this.#requestLine would: that comes first, since the first offence is the one to name.
    if (this.parser.urlLength > 0 && this.#requestLine(to) < 0) return HEAD.REFUSED;
    if (this.end - this.start > this.#limits.headBytes) return this.#refuse(REFUSE.HEAD_BYTES, this.start);
    return this.#refuse(this.#fieldRefusal(code), at);
  }

  #refuseFirstLine(code: number, at: number, to: number): HeadOutcome {
    switch (code) {
      case LLHTTP.INVALID_METHOD:
        return this.#refuse(
          unknownMethod(this.bytes, this.start, to) ? REFUSE.METHOD : REFUSE.REQUEST_LINE,
          at,
        );
      case LLHTTP.INVALID_URL:
        if (at - this.start > this.#limits.targetBytes) return this.#refuse(REFUSE.TARGET_BYTES, at);
        return this.#refuse(REFUSE.TARGET, at);
      case LLHTTP.INVALID_VERSION:
      case LLHTTP.PAUSED_H2_UPGRADE:
        return this.#refuse(REFUSE.VERSION, at);
      default:
        return this.#refuse(REFUSE.REQUEST_LINE, at);
    }
  }

  #fieldRefusal(code: number): number {
    switch (code) {
      case LLHTTP.USER:
        return REFUSE.FIELDS;
      case LLHTTP.INVALID_CONTENT_LENGTH:
        return REFUSE.CONTENT_LENGTH;
      case LLHTTP.INVALID_TRANSFER_ENCODING:
        return REFUSE.TRANSFER_ENCODING;
      case LLHTTP.UNEXPECTED_CONTENT_LENGTH:
        return this.#names("transfer-encoding") ? REFUSE.TWO_LENGTHS : REFUSE.CONTENT_LENGTH_REPEATED;
      case LLHTTP.CR_EXPECTED:
      case LLHTTP.LF_EXPECTED:
      case LLHTTP.STRICT:
        return REFUSE.LINE_END;
      default:
        return REFUSE.FIELD_LINE;
    }
  }

  #names(lower: string): boolean {
    const { fields, fieldCount, bytes } = this.parser;
    const name = Buffer.from(lower);
    for (let f = 0; f < fieldCount * 4; f += 4)
      if (equalsIgnoringCase(bytes, fields[f] as number, fields[f + 1] as number, name)) return true;
    return false;
  }

  /** The first offence is kept: it is where a reader should look. */
  #refuse(refusal: number, at: number): HeadOutcome {
    if (this.refusal === REFUSE.NONE) {
      this.refusal = refusal;
      this.refusalAt = at;
    }
    return HEAD.REFUSED;
  }

  #refused(refusal: number, at: number): false {
    this.#refuse(refusal, at);
    return false;
  }

  #refuseLine(refusal: number, at: number): -1 {
    this.#refuse(refusal, at);
    return -1;
  }
}

const NO_VALUES: readonly string[] = Object.freeze([]);
const SAYS_CLOSE = 1;
const SAYS_KEEP_ALIVE = 2;
const SAYS_UPGRADE = 4;

/** Empty lines before a request line are ignored (RFC 9112 section 2.2). */
function skipEmptyLines(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at + 1 < to && bytes[at] === CR && bytes[at + 1] === LF) at += 2;
  return at;
}

/** Whether what follows a target is a version in form, but not one of ours: " HTTP/2.0". */
function otherVersion(bytes: Buffer, at: number, to: number): boolean {
  return /^ HTTP\/\d\.\d\r/.test(bytes.latin1Slice(at, Math.min(at + 12, to)));
}

/** Whether a line begins with a token and a space: a method, but one that nobody registered. */
function unknownMethod(bytes: Buffer, from: number, to: number): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64} [/*h]/.test(bytes.latin1Slice(from, Math.min(from + 70, to)));
}

/** Whether credentials are of an authentication scheme, given in lower case (RFC 9110 section 11.4). */
function schemeIs(bytes: Uint8Array, at: number, length: number, scheme: Uint8Array): boolean {
  if (length < scheme.length || !equalsIgnoringCase(bytes, at, scheme.length, scheme)) return false;
  return length === scheme.length || bytes[at + scheme.length] === SP;
}

/** host [":" port] (RFC 9110 section 7.2, RFC 3986 section 3.2), the host not empty. */
function isAuthority(bytes: Uint8Array, from: number, to: number): boolean {
  let hostEnd = from;
  if (bytes[from] === OPEN_BRACKET) {
    while (hostEnd < to && bytes[hostEnd] !== CLOSE_BRACKET) hostEnd++;
    if (hostEnd === to || !allIn(bytes, from + 1, hostEnd, HOST_LITERAL)) return false;
    hostEnd++;
  } else {
    while (hostEnd < to && bytes[hostEnd] !== COLON) hostEnd++;
    if (!allIn(bytes, from, hostEnd, HOST_NAME)) return false;
  }
  if (hostEnd === to) return true;
  if (bytes[hostEnd] !== COLON) return false;
  return (
    hostEnd + 1 === to || (decimal(bytes, hostEnd + 1, to) >= 0 && decimal(bytes, hostEnd + 1, to) <= 65_535)
  );
}
