import { below, draw } from "../../../packages/core/src/random.ts";

/** Chance that can be repeated: the draws of one seed, one after the other. */
export class Dice {
  readonly seed: number;
  #thrown = 0;

  constructor(seed: number) {
    this.seed = seed >>> 0;
  }

  /** 0 .. count - 1. */
  below(count: number): number {
    return below(draw(this.seed, this.#thrown++), count);
  }

  /** least .. most, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** Small numbers often, large ones seldom: 1 .. most. */
  few(most: number): number {
    return 1 + this.below(1 + this.below(most));
  }
}

/** A seed that depends on nothing but the octets (FNV-1a). */
export function seedOf(octets: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < octets.length; i++) hash = Math.imul(hash ^ (octets[i] as number), 0x01000193);
  return hash >>> 0;
}

/** Offsets at which octets of a length are cut into pieces, ascending; made by chance, some of them at the very same. */
export function cuts(dice: Dice, length: number): number[] {
  const count = dice.below(Math.min(length, 8) + 1);
  return Array.from({ length: count }, () => dice.below(length + 1)).sort((a, b) => a - b);
}

/** The pieces between cuts; empty ones are left out. */
export function piecesOf(octets: Buffer, at: readonly number[]): Buffer[] {
  const ends = [...at, octets.length];
  return ends
    .map((end, i) => octets.subarray(i === 0 ? 0 : (ends[i - 1] as number), end))
    .filter((piece) => piece.length > 0);
}
