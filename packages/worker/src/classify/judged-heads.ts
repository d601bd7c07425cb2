/** A client that writes many requests at once often writes two in turn. */
const REMEMBERED = 2;

/** A head of the entry, and its record in the batch. */
interface JudgedHead {
  start: number;
  end: number;
  recordAt: number;
  recordEnd: number;
}

/**
 * The heads of one entry that were judged last. What a verdict says follows from the octets of the head, from who its client
 * is and from the rules, and the last two are the same throughout an entry: a head of the same octets gets the same verdict.
 */
export class JudgedHeads {
  readonly #heads: readonly JudgedHead[] = Array.from({ length: REMEMBERED }, () => ({
    start: 0,
    end: 0,
    recordAt: 0,
    recordEnd: 0,
  }));
  /** How many were noted since the entry began. */
  #noted = 0;

  /** Another entry begins. */
  clear(): void {
    this.#noted = 0;
  }

  note(start: number, end: number, recordAt: number, recordEnd: number): void {
    const head = this.#heads[this.#noted++ % REMEMBERED] as JudgedHead;
    head.start = start;
    head.end = end;
    head.recordAt = recordAt;
    head.recordEnd = recordEnd;
  }

  /** The one whose octets stand once more from `at` on; `to` is the end of what has come. */
  find(bytes: Uint8Array, at: number, to: number): JudgedHead | undefined {
    for (let i = Math.min(this.#noted, REMEMBERED) - 1; i >= 0; i--) {
      const head = this.#heads[i] as JudgedHead;
      if (at + head.end - head.start <= to && isRepeated(bytes, head.start, head.end, at)) return head;
    }
    return undefined;
  }
}

function isRepeated(bytes: Uint8Array, start: number, end: number, at: number): boolean {
  for (let i = start, j = at; i < end; i++, j++) if (bytes[i] !== bytes[j]) return false;
  return true;
}
