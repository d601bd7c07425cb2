/**
 * Chance that can be repeated. `core` rolls no dice: whoever decides is handed a seed, an unsigned 32-bit number, and
 * derives from it every further draw that it needs. The same seed gives the same draws, so that a decision can be
 * recorded with one number and replayed.
 */

/** 2^32 divided by the golden ratio, made odd: steps of it visit every 32-bit number once before any twice. */
const GOLDEN_STEP = 0x9e3779b9;

const RANGE = 0x1_0000_0000;

/**
 * Spreads the bits of a 32-bit number over all 32: a bijection in which each input bit flips each output bit with a
 * probability near one half. The rounds are those of Wellons' hash prospector ("triple-shift, two multiplies").
 */
export function mix32(value: number): number {
  let z = value | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

/**
 * The draw number `index` (0, 1, 2 ...) of a seed, unsigned 32 bit. This is splitmix (Steele, Lea, Flood 2014) in 32
 * bits with random access: draws of one seed and draws of neighbouring seeds do not follow from each other visibly.
 */
export function draw(seed: number, index: number): number {
  return mix32(seed + Math.imul(index + 1, GOLDEN_STEP));
}

/** A draw as a fraction in 0 (included) .. 1 (excluded). */
export function fraction(draw32: number): number {
  return draw32 / RANGE;
}

/** A draw as an index in 0 .. count - 1. The most favoured index leads by `count` in 2^32, which no test can see. */
export function below(draw32: number, count: number): number {
  return Math.floor((draw32 / RANGE) * count);
}

/**
 * The seeds of one acceptor, one per request. Chance enters once, as the first number; what follows is a fixed
 * sequence that returns after 2^32 seeds.
 */
export class SeedSequence {
  readonly #start: number;
  #taken = 0;

  constructor(start: number) {
    this.#start = start >>> 0;
  }

  next(): number {
    const seed = draw(this.#start, this.#taken);
    this.#taken = (this.#taken + 1) | 0;
    return seed;
  }
}
