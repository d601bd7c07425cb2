import type { BodyFault } from "./body.ts";
import { BACKSLASH, EQUALS, HTAB, QUOTE, SEMICOLON, SP, TEXT, TOKEN } from "./octets.ts";

/** Places in the grammar of RFC 9112 section 7.1.1. */
const BEFORE_SEMICOLON = 0;
const BEFORE_NAME = 1;
const NAME = 2;
const BEHIND_NAME = 3;
const BEFORE_VALUE = 4;
const VALUE = 5;
const QUOTED = 6;
const ESCAPED = 7;
const BEHIND_QUOTED = 8;

/** Whose extensions a bound is for: those of all chunks of a body together, or those of each chunk. */
export type ExtensionScope = "body" | "chunk";

/**
 * The extensions of the chunks of one body: *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ), octet by
 * octet. Nobody uses them, and readers differ on them; so they are held to the letter.
 */
export class ChunkExtensions {
  readonly #most: number;
  readonly #scope: ExtensionScope;
  #state = BEFORE_SEMICOLON;
  #octetsLeft: number;

  /** `most`: octets of extensions in `scope`. */
  constructor(most: number, scope: ExtensionScope) {
    this.#most = most;
    this.#scope = scope;
    this.#octetsLeft = most;
  }

  /** Behind the size of a chunk. */
  begin(): void {
    this.#state = BEFORE_SEMICOLON;
    if (this.#scope === "chunk") this.#octetsLeft = this.#most;
  }

  /** Whether the chunk's line may end here. */
  get mayEnd(): boolean {
    return this.#state === NAME || this.#state === VALUE || this.#state === BEHIND_QUOTED;
  }

  /** Takes an octet of them; returns what is wrong with it. */
  take(octet: number): BodyFault | undefined {
    if (this.#octetsLeft-- === 0) return "chunk-extension-bytes";
    const next = this.#next(octet);
    if (next < 0) return "chunk";
    this.#state = next;
    return undefined;
  }

  /** The place behind an octet; -1 when it must not stand here. */
  #next(octet: number): number {
    switch (this.#state) {
      case BEFORE_SEMICOLON:
        return isBlank(octet) ? BEFORE_SEMICOLON : separator(octet);
      case BEFORE_NAME:
        if (isBlank(octet)) return BEFORE_NAME;
        return TOKEN[octet] === 1 ? NAME : -1;
      case NAME:
        return TOKEN[octet] === 1 ? NAME : behindName(octet);
      case BEHIND_NAME:
        return behindName(octet);
      case BEFORE_VALUE:
        if (isBlank(octet)) return BEFORE_VALUE;
        if (octet === QUOTE) return QUOTED;
        return TOKEN[octet] === 1 ? VALUE : -1;
      case VALUE:
        return TOKEN[octet] === 1 ? VALUE : behindValue(octet);
      case QUOTED:
        return quoted(octet);
      case ESCAPED:
        return TEXT[octet] === 1 ? QUOTED : -1;
      default:
        return behindValue(octet);
    }
  }
}

function isBlank(octet: number): boolean {
  return octet === SP || octet === HTAB;
}

function separator(octet: number): number {
  return octet === SEMICOLON ? BEFORE_NAME : -1;
}

function behindName(octet: number): number {
  if (isBlank(octet)) return BEHIND_NAME;
  return octet === EQUALS ? BEFORE_VALUE : separator(octet);
}

function behindValue(octet: number): number {
  return isBlank(octet) ? BEFORE_SEMICOLON : separator(octet);
}

function quoted(octet: number): number {
  if (octet === QUOTE) return BEHIND_QUOTED;
  if (octet === BACKSLASH) return ESCAPED;
  return TEXT[octet] === 1 ? QUOTED : -1;
}
