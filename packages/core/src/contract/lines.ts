/**
 * The longest line that either end of the state bus accepts, in bytes. A snapshot with thousands of servers and
 * rules fits; a peer that never ends its line does not.
 */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;

const NEWLINE = 0x0a;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Takes a stream of bytes apart into lines of UTF-8 text; what is held meanwhile is bounded. */
export class LineReader {
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #held = 0;

  constructor(maxBytes: number = MAX_LINE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /**
   * The lines that `chunk` completes, oldest first, without their newline.
   * @throws RangeError when a line is longer than the bound, TypeError when it is not UTF-8. The reader is of no
   *   use afterwards: where the next line begins is not known.
   */
  push(chunk: Uint8Array): string[] {
    const lines: string[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      this.#hold(chunk.subarray(start, end < 0 ? chunk.length : end));
      if (end < 0) return lines;
      lines.push(this.#take());
      start = end + 1;
    }
  }

  #hold(part: Uint8Array): void {
    if (this.#held + part.length > this.#maxBytes) {
      throw new RangeError(`a line is longer than ${this.#maxBytes} bytes`);
    }
    if (part.length === 0) return;
    this.#parts.push(part);
    this.#held += part.length;
  }

  #take(): string {
    const [first] = this.#parts;
    const whole = this.#parts.length === 1 && first !== undefined ? first : joined(this.#parts, this.#held);
    this.#parts = [];
    this.#held = 0;
    return utf8.decode(whole);
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** One message as it stands on the bus: JSON has no raw newline, so the newline ends it. */
export function encodeLine(message: object): string {
  return `${JSON.stringify(message)}\n`;
}
