import { type Cidr, wordMask } from "./address.ts";
import type { Address } from "./facts.ts";

type Words = Address["words"];

interface Entry<V> {
  readonly words: Words;
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
  readonly #entries = new Map<number, Entry<V>>();

  constructor(bits: number) {
    this.bits = bits;
    this.#masks = [wordMask(bits), wordMask(bits - 32), wordMask(bits - 64), wordMask(bits - 96)];
  }

  set(words: Words, value: V): void {
    const known = this.#entry(words);
    if (known !== undefined) known.value = value;
    else {
      const hash = this.#hash(words);
      this.#entries.set(hash, { words, value, next: this.#entries.get(hash) });
    }
  }

  find(address: Address): V | undefined {
    return this.#entry(address.words)?.value;
  }

  #entry(words: Words): Entry<V> | undefined {
    let entry = this.#entries.get(this.#hash(words));
    while (entry !== undefined && !this.#sameBlock(entry.words, words)) entry = entry.next;
    return entry;
  }

  #sameBlock(a: Words, b: Words): boolean {
    const [first, second, third, fourth] = this.#masks;
    return (
      ((a[0] ^ b[0]) & first) === 0 &&
      ((a[1] ^ b[1]) & second) === 0 &&
      ((a[2] ^ b[2]) & third) === 0 &&
      ((a[3] ^ b[3]) & fourth) === 0
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
