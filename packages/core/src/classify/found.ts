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

/**
 * What has to be looked at further; or a rule by its number, of which nothing is left to be tested; or, by the complement
 * of its place in memory, an index over the texts of a fact. Numbers for the commonest cases: nothing has to be fetched to
 * know the rule, and no object to ask the index.
 */
export type Found = number | Narrowing;
