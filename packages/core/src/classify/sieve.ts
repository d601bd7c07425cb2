import { placeOf } from "./hash.ts";

/** So of hashes that are not in it one in 16 gets through at most. */
const BITS_FOR_EACH = 16;

/**
 * Holds back most hashes that are not in it, and none that is (Bloom 1970). It is small enough to stay near the
 * processor, where what it spares would have to be fetched.
 */
export class Sieve {
  readonly #words: Int32Array;
  readonly #shift: number;

  constructor(hashes: readonly number[]) {
    const bits = Math.max(5, Math.ceil(Math.log2(new Set(hashes).size * BITS_FOR_EACH)));
    this.#words = new Int32Array(2 ** (bits - 5));
    this.#shift = 32 - bits;
    for (const hash of hashes) {
      const bit = placeOf(hash, this.#shift);
      this.#words[bit >>> 5] = (this.#words[bit >>> 5] as number) | (1 << (bit & 31));
    }
  }

  letsThrough(hash: number): boolean {
    const bit = placeOf(hash, this.#shift);
    return ((this.#words[bit >>> 5] as number) & (1 << (bit & 31))) !== 0;
  }
}
