import type { Facts } from "./facts.ts";

/**
 * Rules, or an index over them, that may lower the best match so far.
 * Rules are their numbers in order, so "best" is the lowest; as a start, it is the number of all rules.
 */
export interface Narrowing {
  /** No rule in it has a lower number. */
  readonly first: number;
  /** The lowest number of a matching rule in it, if that is below `best`; else `best`. */
  narrow(facts: Facts, best: number): number;
}

/** A rule by its number, of which nothing is left to be tested, or what has to be looked at further. */
export type Found = number | Narrowing;

/** As `narrow`. A number for the commonest case: nothing has to be fetched from memory to know the rule. */
export function narrowBy(found: Found, facts: Facts, best: number): number {
  if (typeof found === "number") return found < best ? found : best;
  return found.narrow(facts, best);
}

/** As `first`. */
export function firstOf(found: Found): number {
  return typeof found === "number" ? found : found.first;
}

/** No rule in any of them has a lower number. */
export function lowestFirst(parts: readonly Found[]): number {
  return parts.reduce<number>((lowest, part) => Math.min(lowest, firstOf(part)), Number.POSITIVE_INFINITY);
}
