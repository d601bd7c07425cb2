import { type Cidr, wordMask } from "./address.ts";
import type { Address } from "./facts.ts";
import { HashTable } from "./hash-table.ts";

type Words = Address["words"];

interface Entry<V> {
  readonly hash: number;
  // The words of the block, signed. An array of them would be one more place in memory, and two for those above 2^31.
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  value: V;
  /** Another block of the same length whose hash is the same. */
  readonly next: Entry<V> | undefined;
}

/**
 * Values by CIDR block. Looking up costs one probe for each prefix length in use, however many blocks there are.
 */
export class CidrMap<V> {
  readonly #ipv4: Level<V>[] = [];
  readonly #ipv6: Level<V>[] = [];

  set(cidr: Cidr, value: V): void {
    const levels = this.levels(cidr.family);
    const known = levels.find(({ bits }) => bits === cidr.bits);
    const level = known ?? new Level<V>(cidr.bits);
    if (known === undefined) levels.push(level);
    level.set(cidr.words, value);
  }

  /** One level for each prefix length in use. */
  levels(family: 4 | 6): Level<V>[] {
    return family === 4 ? this.#ipv4 : this.#ipv6;
  }

  /** Whether the address lies in any of the blocks. */
  holds(address: Address): boolean {
    for (const level of this.levels(address.family)) if (level.find(address) !== undefined) return true;
    return false;
  }
}

/** The blocks of one prefix length. */
export class Level<V> {
  readonly bits: number;
  readonly #masks: Words;
  readonly #entries = new HashTable<Entry<V>>();

  constructor(bits: number) {
    this.bits = bits;
    this.#masks = [wordMask(bits), wordMask(bits - 32), wordMask(bits - 64), wordMask(bits - 96)];
  }

  set(words: Words, value: V): void {
    const known = this.#entry(words);
    if (known !== undefined) known.value = value;
    else {
      const hash = this.#hash(words);
      const [a, b, c, d] = [words[0] | 0, words[1] | 0, words[2] | 0, words[3] | 0];
      this.#entries.set({ hash, a, b, c, d, value, next: this.#entries.find(hash) });
    }
  }

  find(address: Address): V | undefined {
    return this.#entry(address.words)?.value;
  }

  #entry(words: Words): Entry<V> | undefined {
    let entry = this.#entries.find(this.#hash(words));
    while (entry !== undefined && !this.#isIn(entry, words)) entry = entry.next;
    return entry;
  }

  #isIn({ a, b, c, d }: Entry<V>, words: Words): boolean {
    const [first, second, third, fourth] = this.#masks;
    return (
      ((a ^ words[0]) & first) === 0 &&
      ((b ^ words[1]) & second) === 0 &&
      ((c ^ words[2]) & third) === 0 &&
      ((d ^ words[3]) & fourth) === 0
    );
  }

  /** Of the masked words. Collisions cost only time, and only the operator's own blocks can collide. */
  #hash(words: Words): number {
    const [first, second, third, fourth] = this.#masks;
    let hash = words[0] & first;
    hash = Math.imul(hash, 31) ^ (words[1] & second);
    hash = Math.imul(hash, 31) ^ (words[2] & third);
    return Math.imul(hash, 31) ^ (words[3] & fourth);
  }
}
