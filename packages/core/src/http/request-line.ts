import { METHOD, methodName } from "./methods.ts";
import { CR, LF, SP, ZERO } from "./octets.ts";
import type { Offence } from "./offence.ts";
import { type HeadParser, LLHTTP } from "./parser.ts";
import { REFUSE } from "./refusal.ts";

const VERSION_AFTER_TARGET = Buffer.from(" HTTP/1.");

/** method SP target SP HTTP/1.x CRLF (RFC 9112 section 3), where llhttp has found method and target. */
export class RequestLine {
  /** llhttp's number of the method; see methods.ts. */
  method: number = METHOD.NONE;
  http10 = false;
  targetAt = 0;
  targetLength = 0;
  /** Behind its CR LF. */
  end = 0;
  readonly #parser: HeadParser;
  readonly #offence: Offence;
  readonly #targetBytes: number;

  constructor(parser: HeadParser, offence: Offence, targetBytes: number) {
    this.#parser = parser;
    this.#offence = offence;
    this.#targetBytes = targetBytes;
  }

  clear(): void {
    this.method = METHOD.NONE;
    this.http10 = false;
    this.targetLength = 0;
  }

  /** Judges the line, which has come as far as its LF. `to`: the end of what was parsed. */
  judge(start: number, to: number): boolean {
    const { bytes, urlAt, urlLength, method } = this.#parser;
    const name = methodName(method);
    // The preface of HTTP/2 comes as the method PRI: what is wrong with it is the version.
    if (name === undefined)
      return this.#offence.note(
        this.#isOtherVersion(urlAt + urlLength, to) ? REFUSE.VERSION : REFUSE.METHOD,
        start,
      );
    const separator = start + name.length;
    if (urlLength > this.#targetBytes) return this.#offence.note(REFUSE.TARGET_BYTES, urlAt);
    if (urlLength === 0 || bytes[separator] !== SP || urlAt !== separator + 1)
      return this.#offence.note(REFUSE.REQUEST_LINE, separator);
    if (!this.#isVersion(urlAt + urlLength, to)) return false;
    this.method = method;
    this.targetAt = urlAt;
    this.targetLength = urlLength;
    return true;
  }

  /** Notes the offence in a line that llhttp refused at `at`, or in one that has not come as far as its LF. */
  refuse(start: number, at: number, to: number): false {
    const { bytes, code, urlAt, urlLength } = this.#parser;
    switch (code) {
      case LLHTTP.INVALID_METHOD:
        return this.#offence.note(isToken(bytes, start, to) ? REFUSE.METHOD : REFUSE.REQUEST_LINE, at);
      case LLHTTP.INVALID_URL:
        return this.#offence.note(
          at - this.#targetFrom(start) > this.#targetBytes ? REFUSE.TARGET_BYTES : REFUSE.TARGET,
          at,
        );
      case LLHTTP.INVALID_VERSION:
        return this.#refuseVersion(urlAt + urlLength, at, to);
      default:
        return this.#offence.note(REFUSE.REQUEST_LINE, at);
    }
  }

  /** Where the target begins: llhttp does not tell of one that it refuses. */
  #targetFrom(start: number): number {
    return start + (methodName(this.#parser.method) ?? "").length + 1;
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

const OTHER_VERSION = /^ HTTP\/\d\.\d(?:\r|$)/;
const METHOD_AND_TARGET = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64} [/*h]/i;

/** Whether a line begins with a token and a target: a method, but one that nobody registered. */
function isToken(bytes: Buffer, from: number, to: number): boolean {
  return METHOD_AND_TARGET.test(bytes.latin1Slice(from, Math.min(from + 66, to)));
}
