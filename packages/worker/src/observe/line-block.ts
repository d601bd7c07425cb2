const FIRST_BYTES = 98_304;
/** Digits that are written at once: such a number is a small integer of V8. */
const GROUP = 1e8;
const GROUP_DIGITS = 8;
/** Of a safe integer with its sign, a point and three decimals. */
const MOST_DIGITS = 21;
const ZERO = 0x30;
const MINUS = 0x2d;
const DOT = 0x2e;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Octets that a UTF-16 unit needs at most in UTF-8. */
const UTF8_BYTES = 3;

/**
 * Lines put together as octets. As text, a line of some thirty fields is made of a hundred strings that are garbage at
 * once: more than all the rest of an exchange leaves behind (access-log.bench.ts).
 */
export class LineBlock {
  length = 0;
  #octets = Buffer.allocUnsafeSlow(FIRST_BYTES);

  /** What was written, as memory of its own; the block is empty then. */
  take(): Buffer {
    const taken = Buffer.allocUnsafeSlow(this.length);
    this.#octets.copy(taken, 0, 0, this.length);
    this.length = 0;
    if (this.#octets.length > FIRST_BYTES) this.#octets = Buffer.allocUnsafeSlow(FIRST_BYTES);
    return taken;
  }

  /** Text of ASCII in which JSON escapes nothing. */
  plain(text: string): this {
    const octets = this.#room(text.length);
    let at = this.length;
    for (let i = 0; i < text.length; i++) octets[at++] = text.charCodeAt(i);
    this.length = at;
    return this;
  }

  /** Any text, as a JSON string. */
  string(text: string): this {
    const octets = this.#room(text.length + 2);
    let at = this.length;
    octets[at++] = QUOTE;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (isEscaped(unit)) return this.#escaped(text);
      octets[at++] = unit;
    }
    octets[at++] = QUOTE;
    this.length = at;
    return this;
  }

  /** Octets as a JSON string, one character for each. */
  latin1(source: Buffer, from: number, to: number): this {
    const octets = this.#room(to - from + 2);
    let at = this.length;
    octets[at++] = QUOTE;
    for (let i = from; i < to; i++) {
      const octet = source[i] as number;
      if (isEscaped(octet)) return this.#escaped(source.latin1Slice(from, to));
      octets[at++] = octet;
    }
    octets[at++] = QUOTE;
    this.length = at;
    return this;
  }

  /** A safe integer. */
  integer(value: number): this {
    this.#begin(value);
    this.#digits(Math.abs(value));
    return this;
  }

  /** A number of milliseconds, to the microsecond. */
  milliseconds(value: number): this {
    this.#begin(value);
    const micros = Math.round(Math.abs(value) * 1_000);
    const whole = Math.floor(micros / 1_000);
    this.#digits(whole);
    if (micros === whole * 1_000) return this;
    this.#octets[this.length++] = DOT;
    this.#padded(micros - whole * 1_000, 3);
    return this;
  }

  #begin(value: number): void {
    this.#room(MOST_DIGITS);
    if (value < 0) this.#octets[this.length++] = MINUS;
  }

  #escaped(text: string): this {
    const json = JSON.stringify(text);
    this.length += this.#room(json.length * UTF8_BYTES).write(json, this.length, "utf8");
    return this;
  }

  #digits(value: number): void {
    if (value < GROUP) this.#padded(value | 0, digitsOf(value | 0));
    else {
      const high = Math.floor(value / GROUP);
      this.#digits(high);
      this.#padded(value - high * GROUP, GROUP_DIGITS);
    }
  }

  /** `value` is a small integer. */
  #padded(value: number, digits: number): void {
    const octets = this.#octets;
    const from = this.length;
    this.length = from + digits;
    let rest = value | 0;
    for (let at = from + digits - 1; at >= from; at--) {
      const tenth = (rest / 10) | 0;
      octets[at] = ZERO + rest - tenth * 10;
      rest = tenth;
    }
  }

  #room(bytes: number): Buffer {
    if (this.#octets.length - this.length < bytes) {
      const larger = Buffer.allocUnsafeSlow((this.length + bytes) * 2);
      this.#octets.copy(larger, 0, 0, this.length);
      this.#octets = larger;
    }
    return this.#octets;
  }
}

/** Where JSON, or UTF-8, has more for it than the octet itself. */
function isEscaped(unit: number): boolean {
  return unit < 0x20 || unit > 0x7e || unit === QUOTE || unit === BACKSLASH;
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = (rest / 10) | 0) digits++;
  return digits;
}
