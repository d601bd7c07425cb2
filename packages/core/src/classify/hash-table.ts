import { placeOf } from "./hash.ts";

/** Anything that is found by a hash of 32 bits. */
export interface Hashed {
  readonly hash: number;
}

/**
 * Entries by their hashes. A Map of as many numbers has to be followed through three places in memory, and this through
 * one: among 100,000 rules each place costs as much as all that a decision computes.
 */
export class HashTable<E extends Hashed> {
  #slots: (E | undefined)[] = [undefined, undefined];
  #shift = 31;
  #count = 0;

  find(hash: number): E | undefined {
    return this.#slots[this.#placeOf(hash)];
  }

  /** Takes the place of one of the same hash. */
  set(entry: E): void {
    const place = this.#placeOf(entry.hash);
    if (this.#slots[place] === undefined) this.#count++;
    this.#slots[place] = entry;
    if (this.#count * 2 > this.#slots.length) this.#grow();
  }

  /** Where the hash stands, or would. At most half of the slots are taken, so there is an end to it. */
  #placeOf(hash: number): number {
    const slots = this.#slots;
    let place = placeOf(hash, this.#shift);
    for (let entry = slots[place]; entry !== undefined && entry.hash !== hash; entry = slots[place])
      place = (place + 1) & (slots.length - 1);
    return place;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Array<E | undefined>(before.length * 2).fill(undefined);
    this.#shift--;
    for (const entry of before) if (entry !== undefined) this.#slots[this.#placeOf(entry.hash)] = entry;
  }
}
