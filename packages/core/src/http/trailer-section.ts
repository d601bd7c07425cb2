import type { BodyFault } from "./body.ts";
import { DROPPED_LATE, type LateNames, lateName, NO_LATE_NAMES, REFUSED_LATE } from "./late-names.ts";
import { COLON, CR, LF, TEXT, TOKEN } from "./octets.ts";

/** Places in the grammar of RFC 9112 section 7.1.2. */
const LINE_START = 0;
const NAME = 1;
const VALUE = 2;
const LINE_LF = 3;
const LAST_LF = 4;
const DONE = 5;

export interface TrailerLimits {
  /** Octets of the field lines, and how many there may be. */
  readonly trailerBytes: number;
  readonly fields: number;
}

/** The field lines behind the last chunk, and the empty line that ends the body; octet by octet. */
export class TrailerSection {
  /** The line whose octets are taken, or that has just ended, is not sent on. Known from its colon on. */
  isDropped = false;
  #state = LINE_START;
  #octetsLeft: number;
  #fieldsLeft: number;
  readonly #alsoDropped: LateNames;
  #name = "";

  /** `alsoDropped`: names of fields that are left out besides those that always are. */
  constructor(limits: TrailerLimits, alsoDropped: LateNames = NO_LATE_NAMES) {
    this.#octetsLeft = limits.trailerBytes;
    this.#fieldsLeft = limits.fields;
    this.#alsoDropped = alsoDropped;
  }

  get done(): boolean {
    return this.#state === DONE;
  }

  /** No line has begun that has not ended. */
  get isBetweenLines(): boolean {
    return this.#state === LINE_START || this.#state === DONE;
  }

  /** Takes an octet; returns what is wrong with it. */
  take(octet: number): BodyFault | undefined {
    if (this.#state === LAST_LF) return this.#end(octet);
    if (this.#state === LINE_START) this.isDropped = false;
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
        return octet === COLON ? this.#endName() : this.#takeInName(octet);
      case VALUE:
        if (octet === CR) this.#state = LINE_LF;
        return octet === CR || TEXT[octet] === 1;
      default:
        this.#state = LINE_START;
        return octet === LF;
    }
  }

  #takeInName(octet: number): boolean {
    this.#name += String.fromCharCode(octet);
    return TOKEN[octet] === 1;
  }

  #endName(): boolean {
    const name = lateName(this.#name);
    this.#state = VALUE;
    this.isDropped = DROPPED_LATE.has(name) || this.#alsoDropped.has(name);
    return !REFUSED_LATE.has(name);
  }
}
