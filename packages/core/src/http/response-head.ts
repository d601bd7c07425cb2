import type { Limits } from "../config/resolved.ts";
import { eachMember, FieldLines } from "./field-lines.ts";
import { equalsIgnoringCase, FIELD, type FieldNames } from "./field-names.ts";
import { CR, decimal, LF, SP } from "./octets.ts";
import { HeadParser, LLHTTP } from "./parser.ts";
import { HEAD, type HeadOutcome } from "./request-head.ts";

/** How the body of a response is framed (RFC 9112 section 6.3). */
export const RESPONSE_BODY = Object.freeze({ NONE: 0, LENGTH: 1, CHUNKED: 2, UNTIL_CLOSE: 3 } as const);
export type ResponseBody = (typeof RESPONSE_BODY)[keyof typeof RESPONSE_BODY];

const CHUNKED = Buffer.from("chunked");
const CLOSE = Buffer.from("close");
const KEEP_ALIVE = Buffer.from("keep-alive");
const HTTP_1 = Buffer.from("HTTP/1.");
const SAYS_CLOSE = 1;
const SAYS_KEEP_ALIVE = 2;
/** "HTTP/1.1 200": what stands before the space and the reason. */
const STATUS_END = 12;
const PROTECTED = new Set<number>([FIELD.CONTENT_LENGTH, FIELD.TRANSFER_ENCODING, FIELD.CONNECTION]);
const isProtected = (number: number): boolean => PROTECTED.has(number);

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
  contentLength = 0;
  /** The server keeps the connection open (RFC 9112 section 9.3). */
  persistent = false;
  /** What is wrong with it, for the log, when it was refused. */
  wrong = "";
  /** Whether a Content-Length or Transfer-Encoding stands in it, and is forwarded. */
  hasLength = false;
  hasCoding = false;

  readonly #limits: Pick<Limits, "headBytes" | "fields">;
  #lengths = 0;
  #codings = 0;
  #says = 0;

  constructor(names: FieldNames, limits: Pick<Limits, "headBytes" | "fields">) {
    this.lines = new FieldLines(this.parser, names);
    this.#limits = limits;
  }

  get bytes(): Buffer {
    return this.parser.bytes;
  }

  /** Judges the head that begins at `from` in `source`. `toHead`: the request's method was HEAD. */
  judge(source: Uint8Array, from: number, to: number, toHead: boolean): HeadOutcome {
    const length = Math.min(to - from, this.#limits.headBytes + 1);
    this.wrong = "";
    this.parser.load(source, from, from + length);
    const code = this.parser.parse(0, length);
    if (code === LLHTTP.OK)
      return length > this.#limits.headBytes ? this.#refuse("head too large") : HEAD.INCOMPLETE;
    if (code !== LLHTTP.PAUSED_UPGRADE)
      return this.#refuse(`llhttp error ${code} at octet ${this.parser.end}`);
    this.end = this.parser.end;
    const firstField = this.#statusLine();
    if (firstField < 0) return this.#refuse("status line");
    if (this.lines.count > this.#limits.fields) return this.#refuse("too many fields");
    const wrong = this.lines.verify(firstField);
    if (wrong >= 0) return this.#refuse(`field line at octet ${wrong}`);
    this.#lengths = 0;
    this.#codings = 0;
    this.#says = 0;
    this.contentLength = 0;
    for (let i = 0; i < this.lines.count; i++) this.#field(i);
    if (this.wrong !== "" || !this.#framing(toHead)) return HEAD.REFUSED;
    // The status line is written anew: the version is ours (RFC 9112 section 2.3).
    this.lines.collectDrops(0, STATUS_END);
    return HEAD.COMPLETE;
  }

  /** Interim: 1xx other than 101 (RFC 9110 section 15.2). */
  get interim(): boolean {
    return this.status < 200 && this.status !== 101;
  }

  /** Leaves Transfer-Encoding out: its receiver does not know chunks. */
  dropCoding(): void {
    for (let i = 0; i < this.lines.count; i++)
      if (this.lines.numbers[i] === FIELD.TRANSFER_ENCODING) this.lines.dropped[i] = 1;
    this.lines.collectDrops(0, STATUS_END);
  }

  /** Whether the fields of a name (in lower case) hold a member, letters compared without case. */
  hasMember(number: number, lower: Uint8Array): boolean {
    const { fields } = this.parser;
    let found = false;
    for (let i = 0; i < this.lines.count; i++) {
      if (this.lines.numbers[i] !== number) continue;
      const at = fields[i * 4 + 2] as number;
      eachMember(this.bytes, at, at + (fields[i * 4 + 3] as number), (member, size) => {
        if (equalsIgnoringCase(this.bytes, member, size, lower)) found = true;
      });
    }
    return found;
  }

  /** HTTP/1.x SP status SP [reason] CRLF. Returns the offset of the first field line, or -1. */
  #statusLine(): number {
    const { bytes } = this;
    for (let i = 0; i < HTTP_1.length; i++) if (bytes[i] !== HTTP_1[i]) return -1;
    const minor = bytes[HTTP_1.length];
    this.status = decimal(bytes, 9, STATUS_END);
    if ((minor !== 0x30 && minor !== 0x31) || bytes[8] !== SP || this.status < 100 || this.status > 599)
      return -1;
    this.http10 = minor === 0x30;
    const lineEnd = bytes.indexOf(LF, STATUS_END);
    if (bytes[lineEnd - 1] !== CR || (bytes[STATUS_END] !== SP && lineEnd - 1 !== STATUS_END)) return -1;
    return lineEnd + 1;
  }

  #field(i: number): void {
    const { fields } = this.parser;
    const at = fields[i * 4 + 2] as number;
    const length = fields[i * 4 + 3] as number;
    switch (this.lines.numbers[i]) {
      case FIELD.CONTENT_LENGTH:
        this.#lengths++;
        this.contentLength = decimal(this.bytes, at, at + length);
        if (this.contentLength < 0) this.#refuse("Content-Length is not one decimal number");
        return;
      case FIELD.TRANSFER_ENCODING:
        this.#codings++;
        if (!equalsIgnoringCase(this.bytes, at, length, CHUNKED))
          this.#refuse("Transfer-Encoding is not chunked");
        return;
      case FIELD.CONNECTION:
        this.lines.dropped[i] = 1;
        this.#connection(at, length);
        return;
      case FIELD.UPGRADE:
        this.lines.dropped[i] = this.status === 101 || this.status === 426 ? 0 : 1;
        return;
      case FIELD.KEEP_ALIVE:
      case FIELD.PROXY_CONNECTION:
      case FIELD.TE:
        this.lines.dropped[i] = 1;
        return;
    }
  }

  #connection(at: number, length: number): void {
    eachMember(this.bytes, at, at + length, (option, size) => {
      if (equalsIgnoringCase(this.bytes, option, size, CLOSE)) this.#says |= SAYS_CLOSE;
      else if (equalsIgnoringCase(this.bytes, option, size, KEEP_ALIVE)) this.#says |= SAYS_KEEP_ALIVE;
      else this.lines.takeOut(option, size, isProtected);
    });
  }

  /** RFC 9112 section 6.3. Both lengths, or one that is there twice, frame nothing that we would trust. */
  #framing(toHead: boolean): boolean {
    this.persistent =
      (this.#says & SAYS_CLOSE) === 0 && (!this.http10 || (this.#says & SAYS_KEEP_ALIVE) !== 0);
    if (this.#lengths > 0 && this.#codings > 0) return this.#refused("Content-Length and Transfer-Encoding");
    if (this.#lengths > 1) return this.#refused("more than one Content-Length");
    if (this.#codings > 1) return this.#refused("more than one Transfer-Encoding");
    if (this.#codings > 0 && this.http10) return this.#refused("Transfer-Encoding in HTTP/1.0");
    this.hasLength = this.#lengths === 1;
    this.hasCoding = this.#codings === 1;
    this.body = this.#bodyFraming(toHead);
    if (this.status < 200 || this.status === 204) this.#dropFraming();
    return true;
  }

  #bodyFraming(toHead: boolean): ResponseBody {
    if (toHead || this.status < 200 || this.status === 204 || this.status === 304) return RESPONSE_BODY.NONE;
    if (this.hasCoding) return RESPONSE_BODY.CHUNKED;
    if (!this.hasLength) return RESPONSE_BODY.UNTIL_CLOSE;
    return this.contentLength === 0 ? RESPONSE_BODY.NONE : RESPONSE_BODY.LENGTH;
  }

  /** Such a response has no body and may not say how long it is (RFC 9110 section 8.6, RFC 9112 section 6.1). */
  #dropFraming(): void {
    for (let i = 0; i < this.lines.count; i++) {
      const number = this.lines.numbers[i];
      if (number === FIELD.CONTENT_LENGTH || number === FIELD.TRANSFER_ENCODING) this.lines.dropped[i] = 1;
    }
    this.hasLength = false;
    this.hasCoding = false;
  }

  #refuse(wrong: string): HeadOutcome {
    if (this.wrong === "") this.wrong = wrong;
    return HEAD.REFUSED;
  }

  #refused(wrong: string): false {
    this.#refuse(wrong);
    return false;
  }
}
