import { COMMA, equalsIgnoringCase, skipWhitespace, trimEnd } from "./octets.ts";

/** Walks the members of a comma-separated list (RFC 9110 section 5.6.1); empty ones are passed over. */
export class ListWalk {
  /** Offset and length of the member that the walk stands at. */
  at = 0;
  length = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #next = 0;
  #end = 0;

  /** Stands before the first member of a list. */
  over(bytes: Uint8Array, from: number, to: number): this {
    this.#bytes = bytes;
    this.#next = from;
    this.#end = to;
    return this;
  }

  /** Steps to the next member; false behind the last. */
  step(): boolean {
    while (this.#next <= this.#end) {
      const from = this.#next;
      let comma = from;
      while (comma < this.#end && this.#bytes[comma] !== COMMA) comma++;
      this.#next = comma + 1;
      this.at = skipWhitespace(this.#bytes, from, comma);
      this.length = trimEnd(this.#bytes, this.at, comma) - this.at;
      if (this.length > 0) return true;
    }
    return false;
  }

  /** Whether a list holds a member, given in lower case, letters compared without case. */
  finds(lower: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
    this.over(bytes, from, to);
    while (this.step()) if (equalsIgnoringCase(bytes, this.at, this.length, lower)) return true;
    return false;
  }
}
