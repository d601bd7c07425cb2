import type { Leniency } from "../config/resolved.ts";
import { HASH, hexDigit, QUESTION, SLASH } from "./octets.ts";
import type { Offence } from "./offence.ts";
import { REFUSE } from "./refusal.ts";

/** What an octet of a path may be. */
const PLAIN = 0;
const WRONG = 1;
const NEVER = 2;
const PERCENT = 3;
const BACKSLASH = 4;
const SEPARATOR = 5;
const PARAMETERS = 6;
const END = 7;

const DOT = 0x2e;

/**
 * What RFC 3986 section 3.3 has in a path, and `[`, `]`, `^` and `|`, which browsers send as they are (URL standard,
 * section 1.3: the path percent-encode set). They cannot be taken for anything else.
 */
const PATH = tableOf({
  '"<>{}`': WRONG,
  "#": NEVER,
  "%": PERCENT,
  "\\": BACKSLASH,
  "/": SEPARATOR,
  ";": PARAMETERS,
  "?": END,
});
/** The same for a query, where browsers send more (the query percent-encode set). */
const QUERY = tableOf({ '"<>': WRONG, "#": NEVER });

/** Octets that end, begin or separate something once they are decoded: `.`, `/`, `\`, `%`, `?`, `#`, `;`. */
const MEANINGFUL = tableOf({ "./\\%?#;": 1 });

function tableOf(kinds: Readonly<Record<string, number>>): Uint8Array {
  const table = new Uint8Array(256);
  for (const [octets, kind] of Object.entries(kinds))
    for (const octet of octets) table[octet.charCodeAt(0)] = kind;
  return table;
}

/** The first octet of a range that needs a look, or its end. So short a loop is made three times as fast. */
function plainEnd(bytes: Uint8Array, from: number, to: number, table: Uint8Array): number {
  let at = from;
  while (at < to && table[bytes[at] as number] === PLAIN) at++;
  return at;
}

/**
 * The octets of a target in origin-form (RFC 9112 section 3.2.1, RFC 3986 sections 2 to 3.4): whether they are allowed,
 * and whether the path has anything in it that another reader could read in another way. What the parser refuses
 * already (control characters, spaces, octets above US-ASCII) does not come here.
 */
export class TargetOctets {
  /** The path has other readings; see path-readings.ts. */
  hasReadings = false;
  readonly #bytes: Uint8Array;
  readonly #offence: Offence;
  readonly #leniency: Leniency;

  constructor(bytes: Uint8Array, offence: Offence, leniency: Leniency) {
    this.#bytes = bytes;
    this.#offence = offence;
    this.#leniency = leniency;
  }

  clear(): void {
    this.hasReadings = false;
  }

  /** One pass over them. */
  areAllowed(from: number, to: number): boolean {
    const bytes = this.#bytes;
    let at = plainEnd(bytes, from, to, PATH);
    for (; at < to && bytes[at] !== QUESTION; at = plainEnd(bytes, at + 1, to, PATH))
      if (!this.#inPath(at, to)) return false;
    for (at = plainEnd(bytes, at, to, QUERY); at < to; at = plainEnd(bytes, at + 1, to, QUERY))
      if (!this.#mayBe(at)) return false;
    return true;
  }

  #inPath(at: number, to: number): boolean {
    switch (PATH[this.#bytes[at] as number]) {
      case SEPARATOR:
        return this.#separator(at, to);
      case PARAMETERS:
        this.hasReadings = true;
        return true;
      case PERCENT:
        return this.#encoding(at, to);
      case BACKSLASH:
        return this.#isAmbiguous(at);
      default:
        return this.#mayBe(at);
    }
  }

  /** An octet that does not belong into a target. A fragment is never let through: it ends the target for some. */
  #mayBe(at: number): boolean {
    if (this.#leniency.targetOctets && this.#bytes[at] !== HASH) return true;
    return this.#offence.note(REFUSE.TARGET, at);
  }

  /** Empty segments, and what may be a dot segment: `.` with its end behind it, or with another dot. */
  #separator(at: number, to: number): true {
    const next = this.#octet(at + 1, to);
    if (next === SLASH) this.hasReadings = true;
    else if (next === DOT) {
      const third = this.#octet(at + 2, to);
      if (third === DOT || third === SLASH || third === QUESTION) this.hasReadings = true;
    }
    return true;
  }

  /** Behind the target is what a query begins with. */
  #octet(at: number, to: number): number | undefined {
    return at < to ? this.#bytes[at] : QUESTION;
  }

  #encoding(at: number, to: number): boolean {
    const high = at + 2 < to ? hexDigit(this.#bytes[at + 1] as number) : -1;
    const low = at + 2 < to ? hexDigit(this.#bytes[at + 2] as number) : -1;
    if (high < 0 || low < 0) {
      this.hasReadings = true;
      return this.#mayBe(at);
    }
    const octet = high * 16 + low;
    if (octet === 0) return this.#isAmbiguous(at);
    if (MEANINGFUL[octet] === 1) this.hasReadings = true;
    return true;
  }

  /** A backslash is a slash to some; NUL ends a text for others. */
  #isAmbiguous(at: number): boolean {
    this.hasReadings = true;
    return this.#leniency.ambiguousPaths || this.#offence.note(REFUSE.TARGET_AMBIGUOUS, at);
  }
}
