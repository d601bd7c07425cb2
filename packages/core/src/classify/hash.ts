/** 2^32 divided by the golden ratio: spreads hashes that differ in few bits (Knuth 6.4). */
const SPREAD = 0x9e37_79b1;
/** The prime of Fowler, Noll and Vo. */
const PRIME = 0x0100_0193;

/** The hash with one more number in it. */
export function mixed(hash: number, code: number): number {
  return Math.imul(hash ^ code, PRIME);
}

/** The place of a hash among 2^(32 - shift). */
export function placeOf(hash: number, shift: number): number {
  return Math.imul(hash, SPREAD) >>> shift;
}
