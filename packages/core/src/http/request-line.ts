import { METHOD, methodName } from "./methods.ts";
import { CR, LF, ONE, SP, TOKEN, ZERO } from "./octets.ts";
import type { Offence } from "./offence.ts";
import { type HeadParser, LLHTTP } from "./parser.ts";
import { REFUSE } from "./refusal.ts";

const VERSION_AFTER_TARGET = Buffer.from(" HTTP/1.");

/** method SP target SP HTTP/1.x CRLF (RFC 9112 section 3), where llhttp has found method and target. */
export class RequestLine {
  /** See methods.ts. */
  method: number = METHOD.NONE;
  /** Octets of the method, as far as it has come; 0 while none was found. */
  methodLength = 0;
  http10 = false;
  targetAt = 0;
  targetLength = 0;
  /** Behind its CR LF. */
  end = 0;
  readonly #parser: HeadParser;
  readonly #offence: Offence;
  readonly #targetBytes: number;
  #isUnregistered = false;

  constructor(parser: HeadParser, offence: Offence, targetBytes: number) {
    this.#parser = parser;
    this.#offence = offence;
    this.#targetBytes = targetBytes;
  }

  clear(): void {
    this.method = METHOD.NONE;
    this.methodLength = 0;
    this.#isUnregistered = false;
    this.http10 = false;
    this.targetLength = 0;
  }

  /**
   * Parses the head that begins at `start`. Returns one of LLHTTP. A later minor version is read as the highest that we
   * speak (RFC 9110 section 2.5): llhttp is told of that one.
   */
  parse(start: number, to: number): number {
    const code = this.#parseAnyMethod(start, to);
    if (code !== LLHTTP.INVALID_VERSION || !this.#lowerMinor(to)) return code;
    return this.#parseAnyMethod(start, to);
  }

  /**
   * Of methods llhttp knows those that are registered, and some of RTSP that it does not take in HTTP; of any other
   * token it is told as if it were POST.
   */
  #parseAnyMethod(start: number, to: number): number {
    const parser = this.#parser;
    const code = parser.parse(start, to);
    const name = methodName(parser.method);
    if (name !== undefined && code !== LLHTTP.INVALID_METHOD) {
      this.methodLength = name.length;
      return code;
    }
    const end = tokenEnd(parser.bytes, start, to);
    if (end === start || (end < to && parser.bytes[end] !== SP)) return code;
    this.methodLength = end - start;
    this.#isUnregistered = true;
    return parser.parseBehindMethod(end, to);
  }

  /** Whether a method that has not ended may be one: longer than the longest target it may not be. */
  isMethodBounded(start: number): boolean {
    return this.methodLength <= this.#targetBytes || this.#offence.note(REFUSE.METHOD, start);
  }

  /** Judges the line, which has come as far as its LF. `to`: the end of what was parsed. */
  judge(start: number, to: number): boolean {
    const { bytes, urlAt, urlLength, method } = this.#parser;
    if (!this.isMethodBounded(start)) return false;
    const separator = start + this.methodLength;
    if (urlLength > this.#targetBytes) return this.#offence.note(REFUSE.TARGET_BYTES, urlAt);
    if (urlLength === 0 || bytes[separator] !== SP || urlAt !== separator + 1)
      return this.#offence.note(REFUSE.REQUEST_LINE, separator);
    if (!this.#isVersion(urlAt + urlLength, to)) return false;
    this.method = this.#isUnregistered ? METHOD.UNREGISTERED : method;
    this.targetAt = urlAt;
    this.targetLength = urlLength;
    return true;
  }

  /** Notes the offence in a line that llhttp refused at `at`, or in one that has not come as far as its LF. */
  refuse(start: number, at: number, to: number): false {
    const { code, urlAt, urlLength } = this.#parser;
    if (!this.isMethodBounded(start)) return false;
    switch (code) {
      case LLHTTP.INVALID_URL:
        // llhttp does not tell where a target begins that it refuses.
        return this.#offence.note(
          at - (start + this.methodLength + 1) > this.#targetBytes ? REFUSE.TARGET_BYTES : REFUSE.TARGET,
          at,
        );
      case LLHTTP.INVALID_VERSION:
        return this.#refuseVersion(urlAt + urlLength, at, to);
      default:
        return this.#offence.note(REFUSE.REQUEST_LINE, at);
    }
  }

  #isVersion(at: number, to: number): boolean {
    const { bytes } = this.#parser;
    for (let i = 0; i < VERSION_AFTER_TARGET.length; i++)
      if (at + i >= to || bytes[at + i] !== VERSION_AFTER_TARGET[i]) return this.#refuseVersion(at, at, to);
    const digit = at + VERSION_AFTER_TARGET.length;
    if (bytes[digit + 1] !== CR || bytes[digit + 2] !== LF)
      return this.#offence.note(REFUSE.REQUEST_LINE, digit + 1);
    const minor = (bytes[digit] as number) - ZERO;
    if (minor !== 0 && minor !== 1) return this.#offence.note(REFUSE.VERSION, digit);
    this.http10 = minor === 0;
    this.end = digit + 3;
    return true;
  }

  /** Puts the digit of HTTP/1.1 in the place of a later one, in what the parser has; what is sent has its own. */
  #lowerMinor(to: number): boolean {
    const { bytes, urlAt, urlLength } = this.#parser;
    const digit = urlAt + urlLength + VERSION_AFTER_TARGET.length;
    if (digit >= to || !LATER_VERSION.test(bytes.latin1Slice(urlAt + urlLength, Math.min(digit + 2, to))))
      return false;
    bytes[digit] = ONE;
    return true;
  }

  #refuseVersion(behindTarget: number, at: number, to: number): false {
    return this.#offence.note(
      this.#isOtherVersion(behindTarget, to) ? REFUSE.VERSION : REFUSE.REQUEST_LINE,
      at,
    );
  }

  /** Whether what follows the target is a version of HTTP, if not one that we speak. */
  #isOtherVersion(behindTarget: number, to: number): boolean {
    return OTHER_VERSION.test(this.#parser.bytes.latin1Slice(behindTarget, Math.min(behindTarget + 10, to)));
  }
}

const LATER_VERSION = /^ HTTP\/1\.[2-9]\r?$/;
const OTHER_VERSION = /^ HTTP\/\d\.\d(?:\r|$)/;

function tokenEnd(bytes: Uint8Array, from: number, to: number): number {
  let end = from;
  while (end < to && TOKEN[bytes[end] as number] === 1) end++;
  return end;
}
