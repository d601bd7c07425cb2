import { mixed } from "./hash.ts";
import { Sieve } from "./sieve.ts";
import { type CodeAt, commonLength } from "./telling-places.ts";

/**
 * Holds back most values that begin (or end) with none of many texts, by three characters: the two behind what all texts
 * have in common, and the last one within the shortest.
 */
export class AffixSieve {
  readonly #shortest: number;
  readonly #first: number;
  readonly #second: number;
  readonly #codeAt: CodeAt;
  readonly #sieve: Sieve;

  constructor(texts: readonly string[], codeAt: CodeAt) {
    this.#shortest = texts.reduce((least, { length }) => Math.min(least, length), Number.POSITIVE_INFINITY);
    const common = commonLength(texts, codeAt);
    this.#first = Math.min(common, this.#shortest - 1);
    this.#second = Math.min(common + 1, this.#shortest - 1);
    this.#codeAt = codeAt;
    this.#sieve = new Sieve(texts.map((text) => this.#hash(text)));
  }

  letsThrough(value: string): boolean {
    return value.length >= this.#shortest && this.#sieve.letsThrough(this.#hash(value));
  }

  #hash(value: string): number {
    const codeAt = this.#codeAt;
    const hash = mixed(codeAt(value, this.#first), codeAt(value, this.#second));
    return mixed(hash, codeAt(value, this.#shortest - 1));
  }
}
