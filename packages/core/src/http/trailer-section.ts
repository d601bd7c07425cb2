import type { BodyFault } from "./body.ts";
import { COLON, CR, LF, LOWER, TEXT, TOKEN } from "./octets.ts";

/** Places in the grammar of RFC 9112 section 7.1.2. */
const LINE_START = 0;
const NAME = 1;
const VALUE = 2;
const LINE_LF = 3;
const LAST_LF = 4;
const DONE = 5;

/** Fields that frame, route or authenticate may not come late (RFC 9110 section 6.5.1). */
const FORBIDDEN = new Set([
  "transfer-encoding",
  "content-length",
  "host",
  "connection",
  "keep-alive",
  "proxy-connection",
  "upgrade",
  "te",
  "trailer",
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "content-encoding",
  "content-type",
  "content-range",
  "expect",
  "max-forwards",
  "cache-control",
  "via",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-request-id",
]);

/** The field lines behind the last chunk, and the empty line that ends the body; octet by octet. */
export class TrailerSection {
  #state = LINE_START;
  #octetsLeft: number;
  #name = "";

  /** `most`: octets of the field lines. */
  constructor(most: number) {
    this.#octetsLeft = most;
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
        return !FORBIDDEN.has(this.#name);
      case VALUE:
        if (octet === CR) this.#state = LINE_LF;
        return octet === CR || TEXT[octet] === 1;
      default:
        this.#state = LINE_START;
        return octet === LF;
    }
  }

  /** Underscores count as hyphens: to a CGI-like server they are (see RESEMBLES). */
  #takeInName(octet: number): boolean {
    this.#name += octet === UNDERSCORE ? "-" : String.fromCharCode(LOWER[octet] as number);
    return TOKEN[octet] === 1;
  }
}

const UNDERSCORE = 0x5f;
