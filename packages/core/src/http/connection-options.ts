import type { FieldLines } from "./field-lines.ts";
import { FIELD } from "./field-names.ts";
import { ListWalk } from "./list.ts";
import { equalsIgnoringCase } from "./octets.ts";

const CLOSE = Buffer.from("close");
const KEEP_ALIVE = Buffer.from("keep-alive");
const TE = Buffer.from("te");
const UPGRADE = Buffer.from("upgrade");

/**
 * What the Connection fields of a head say (RFC 9110 section 7.6.1): what shall become of the connection, and which
 * other fields end here. They are read before the other fields, so that it does not matter where they stand.
 */
export class ConnectionOptions {
  close = false;
  keepAlive = false;
  upgrade = false;
  te = false;
  /** Some option names a field. */
  namesFields = false;
  /** Where an option stands that names a field which must not be named; -1 is none. */
  wrongAt = -1;
  readonly #lines: FieldLines;
  readonly #whenNamed: Uint8Array;
  readonly #walk = new ListWalk();
  #options = 0;

  /** `whenNamed`: for each number of a field one of NAMED. */
  constructor(lines: FieldLines, whenNamed: Uint8Array) {
    this.#lines = lines;
    this.#whenNamed = whenNamed;
  }

  /**
   * Reads all Connection fields of the head. Returns false when there are more than `most` options: each names a
   * field, is looked for among all of them, and nobody has more to say than that honestly.
   */
  read(most: number): boolean {
    this.close = false;
    this.keepAlive = false;
    this.upgrade = false;
    this.te = false;
    this.namesFields = false;
    this.wrongAt = -1;
    this.#options = 0;
    const { numbers, count } = this.#lines;
    for (let i = 0; i < count; i++) if (numbers[i] === FIELD.CONNECTION && !this.#take(i, most)) return false;
    return true;
  }

  /**
   * Whether the sender keeps the connection open (RFC 9112 section 9.3). We are nobody's HTTP/1.0 proxy, so the
   * caution of that section against keep-alive through one does not apply.
   */
  persists(http10: boolean): boolean {
    return !this.close && (!http10 || this.keepAlive);
  }

  #take(field: number, most: number): boolean {
    const lines = this.#lines;
    const at = lines.valueAt(field);
    const end = lines.valueEnd(field);
    lines.drop(field);
    // What most clients say, and nothing else: no list to walk.
    if (equalsIgnoringCase(lines.bytes, at, end - at, KEEP_ALIVE)) {
      this.keepAlive = true;
      return true;
    }
    const walk = this.#walk.over(lines.bytes, at, end);
    while (walk.step()) {
      if (++this.#options > most) return false;
      this.#option(walk.at, walk.length);
    }
    return true;
  }

  #option(at: number, length: number): void {
    const { bytes } = this.#lines;
    if (equalsIgnoringCase(bytes, at, length, KEEP_ALIVE)) this.keepAlive = true;
    else if (equalsIgnoringCase(bytes, at, length, CLOSE)) this.close = true;
    else if (equalsIgnoringCase(bytes, at, length, UPGRADE)) this.upgrade = true;
    else {
      this.namesFields = true;
      if (equalsIgnoringCase(bytes, at, length, TE)) this.te = true;
      if (!this.#lines.takeOutNamed(at, length, this.#whenNamed)) this.wrongAt = at;
    }
  }
}
