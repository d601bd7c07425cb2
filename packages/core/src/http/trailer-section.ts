import type { BodyFault } from "./body.ts";
import { COLON, CR, LF, LOWER, TEXT, TOKEN } from "./octets.ts";

/** Places in the grammar of RFC 9112 section 7.1.2. */
const LINE_START = 0;
const NAME = 1;
const VALUE = 2;
const LINE_LF = 3;
const LAST_LF = 4;
const DONE = 5;

/**
 * Fields that may not come late (RFC 9110 section 6.5.1): who merges trailers into the head would frame, route, trust or
 * answer by them after everybody before had done so without.
 */
const FORBIDDEN: ReadonlySet<string> = new Set([
  // Framing, and what belongs to one connection.
  "transfer-encoding",
  "content-length",
  "connection",
  "keep-alive",
  "proxy-connection",
  "upgrade",
  "te",
  "trailer",
  // Routing and trust; besides, all that begin with x-forwarded-.
  "host",
  "via",
  "forwarded",
  "x-real-ip",
  "x-request-id",
  // Authentication and state.
  "authorization",
  "proxy-authorization",
  "www-authenticate",
  "proxy-authenticate",
  "cookie",
  "set-cookie",
  // What modifies a request.
  "expect",
  "max-forwards",
  "cache-control",
  "pragma",
  "range",
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
  "if-range",
  // How content is to be read.
  "content-encoding",
  "content-type",
  "content-range",
]);
const FORWARDING = "x-forwarded-";
const NO_NAMES: ReadonlySet<string> = new Set();

export interface TrailerLimits {
  /** Octets of the field lines, and how many there may be. */
  readonly trailerBytes: number;
  readonly fields: number;
}

/** The field lines behind the last chunk, and the empty line that ends the body; octet by octet. */
export class TrailerSection {
  #state = LINE_START;
  #octetsLeft: number;
  #fieldsLeft: number;
  readonly #alsoForbidden: ReadonlySet<string>;
  #name = "";

  /** `alsoForbidden`: further names, in lower case and with hyphens for underscores. */
  constructor(limits: TrailerLimits, alsoForbidden: ReadonlySet<string> = NO_NAMES) {
    this.#octetsLeft = limits.trailerBytes;
    this.#fieldsLeft = limits.fields;
    this.#alsoForbidden = alsoForbidden;
  }

  get done(): boolean {
    return this.#state === DONE;
  }

  /** Takes an octet; returns what is wrong with it. */
  take(octet: number): BodyFault | undefined {
    if (this.#state === LAST_LF) return this.#end(octet);
    if (this.#state === LINE_START && octet === CR) {
      this.#state = LAST_LF;
      return undefined;
    }
    if (this.#octetsLeft-- === 0) return "trailer-bytes";
    if (this.#state === LINE_START && this.#fieldsLeft-- === 0) return "trailer-fields";
    return this.#takeInLine(octet) ? undefined : "trailer";
  }

  #end(octet: number): BodyFault | undefined {
    if (octet !== LF) return "chunk";
    this.#state = DONE;
    return undefined;
  }

  #takeInLine(octet: number): boolean {
    switch (this.#state) {
      case LINE_START:
        this.#name = "";
        this.#state = NAME;
        return this.#takeInName(octet);
      case NAME:
        if (octet !== COLON) return this.#takeInName(octet);
        this.#state = VALUE;
        return !this.#isForbidden(this.#name);
      case VALUE:
        if (octet === CR) this.#state = LINE_LF;
        return octet === CR || TEXT[octet] === 1;
      default:
        this.#state = LINE_START;
        return octet === LF;
    }
  }

  #isForbidden(name: string): boolean {
    return FORBIDDEN.has(name) || name.startsWith(FORWARDING) || this.#alsoForbidden.has(name);
  }

  /** Underscores count as hyphens: to a CGI-like server they are (see RESEMBLES). */
  #takeInName(octet: number): boolean {
    this.#name += octet === UNDERSCORE ? "-" : String.fromCharCode(LOWER[octet] as number);
    return TOKEN[octet] === 1;
  }
}

const UNDERSCORE = 0x5f;
