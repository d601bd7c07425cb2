import { AffixSieve } from "./affix-sieve.ts";
import { type ScalarName, scalarValue } from "./condition.ts";
import type { Facts } from "./facts.ts";
import type { Found } from "./found.ts";
import { mixed } from "./hash.ts";
import { type CodeAt, codeFromEnd, codeFromStart, tellingPlaces } from "./telling-places.ts";
import { addText, findPart, findText, type Memory, newTable } from "./text-table.ts";

/** What is to be tried when a value has this text: as all of it, at its beginning, at its end, or anywhere. */
export interface Posting {
  readonly text: string;
  readonly rules: Found;
}

/** Finds which texts a value has. */
export interface TextIndex {
  /** No rule in it has a lower number. */
  readonly first: number;
  /** As `Narrowing` does, by the rules of those texts. */
  narrow(value: string, facts: Facts, best: number): number;
}

/** Where the texts of an index in memory lie in a value. */
export const WHERE = ["equal", "prefix", "suffix"] as const;
export type Where = (typeof WHERE)[number];

export function isWhere(kind: string): kind is Where {
  return (WHERE as readonly string[]).includes(kind);
}

/** Which are the numbers in an index in memory. */
const FACTS = ["method", "host", "path", "client", "user"] as const satisfies readonly ScalarName[];
const EQUAL = 0;
const SUFFIX = 2;

// An index in memory: at its place the number of its fact, then these, then its steps, and from their end on its table.
/** A number of `WHERE`. */
const HOW = 1;
/** Undefined where there are few texts. */
const SIEVE = 2;
const END = 3;
const FIRST = 4;
const STEPS = 5;

/** The table of no more texts than these is as near to the processor as a sieve would be. */
const FEW = 256;

/** As `Narrowing` does, by what was found. */
export function narrowBy(memory: Memory, found: Found, facts: Facts, best: number): number {
  if (typeof found !== "number") return found.narrow(facts, best);
  if (found >= 0) return found < best ? found : best;
  const value = scalarValue(facts, FACTS[memory[~found] as number] as ScalarName);
  return value === undefined ? best : narrowByTexts(memory, ~found, value, facts, best);
}

/** No rule in it has a lower number. */
export function firstOf(memory: Memory, found: Found): number {
  if (typeof found !== "number") return found.first;
  return found >= 0 ? found : (memory[~found + FIRST] as number);
}

export function lowestFirst(memory: Memory, parts: readonly Found[]): number {
  return parts.reduce<number>(
    (lowest, part) => Math.min(lowest, firstOf(memory, part)),
    Number.POSITIVE_INFINITY,
  );
}

/** One in memory, to be asked beside others, or for the values under a name. */
export class LaidOutIndex implements TextIndex {
  readonly first: number;
  readonly #memory: Memory;
  readonly #at: number;

  constructor(memory: Memory, at: number) {
    this.first = firstOf(memory, ~at);
    this.#memory = memory;
    this.#at = at;
  }

  narrow(value: string, facts: Facts, best: number): number {
    return narrowByTexts(this.#memory, this.#at, value, facts, best);
  }
}

/** As `TextIndex` does, by the index at this place in memory. */
function narrowByTexts(memory: Memory, at: number, value: string, facts: Facts, best: number): number {
  const how = memory[at + HOW] as number;
  if (how === EQUAL) return narrowByEqual(memory, at, value, facts, best);
  return narrowByAffix(memory, at, how === SUFFIX, value, facts, best);
}

/**
 * An index over texts, laid out in memory. `fact` is that of which it is asked as something found.
 *
 * Finding a text that a value equals takes one look. For those that it begins (or ends) with, the hash grows with each
 * character that tells texts apart, and is looked up at the lengths that texts have: one pass over the value, however many
 * texts there are.
 */
export function layOut(
  memory: Memory,
  fact: ScalarName | undefined,
  where: Where,
  postings: readonly Posting[],
): number {
  const first = lowestFirst(
    memory,
    postings.map(({ rules }) => rules),
  );
  const texts = postings.map(({ text }) => text);
  const codeAt = where === "suffix" ? codeFromEnd : codeFromStart;
  const steps = where === "equal" ? tellingPlaces(texts, codeAt) : stepsOf(texts, codeAt);
  const at = memory.length;
  memory.push(fact === undefined ? -1 : FACTS.indexOf(fact), WHERE.indexOf(where), undefined, 0, first);
  for (const step of steps) memory.push(step);
  const table = newTable(memory, texts.length);
  memory[at + END] = table;
  for (const { text, rules } of postings) {
    if (where === "equal") addText(memory, table, hashOf(memory, at, text), text, rules);
    else addAffix(memory, at, codeAt, text, rules);
  }
  if (where !== "equal" && texts.length > FEW) memory[at + SIEVE] = new AffixSieve(texts, codeAt);
  return at;
}

function narrowByEqual(memory: Memory, at: number, value: string, facts: Facts, best: number): number {
  const found = findText(memory, memory[at + END] as number, hashOf(memory, at, value), value);
  return found === undefined ? best : narrowBy(memory, found, facts, best);
}

function hashOf(memory: Memory, at: number, value: string): number {
  const end = memory[at + END] as number;
  let hash = value.length;
  for (let step = at + STEPS; step < end; step++) {
    const place = memory[step] as number;
    if (place >= value.length) break;
    hash = mixed(hash, value.charCodeAt(place));
  }
  return hash;
}

function narrowByAffix(
  memory: Memory,
  at: number,
  fromEnd: boolean,
  value: string,
  facts: Facts,
  best: number,
): number {
  const end = memory[at + END] as number;
  const sieve = memory[at + SIEVE] as AffixSieve | undefined;
  if (sieve?.letsThrough(value) === false) return best;
  let lowest = best;
  let hash = 0;
  for (let place = at + STEPS; place < end; place++) {
    const step = memory[place] as number;
    if (step >= 0) hash = mixed(hash, fromEnd ? codeFromEnd(value, step) : codeFromStart(value, step));
    else {
      const length = ~step;
      if (length > value.length) break;
      const last = fromEnd ? codeFromEnd(value, length - 1) : codeFromStart(value, length - 1);
      const from = fromEnd ? value.length - length : 0;
      const found = findPart(memory, end, affixHash(hash, last, length), value, from, from + length);
      if (found !== undefined) lowest = narrowBy(memory, found, facts, lowest);
    }
  }
  return lowest;
}

function addAffix(memory: Memory, at: number, codeAt: CodeAt, text: string, rules: Found): void {
  const end = memory[at + END] as number;
  let hash = 0;
  for (let place = at + STEPS; memory[place] !== ~text.length; place++) {
    const step = memory[place] as number;
    if (step >= 0) hash = mixed(hash, codeAt(text, step));
  }
  const last = codeAt(text, text.length - 1);
  addText(memory, end, affixHash(hash, last, text.length), text, rules);
}

/**
 * The last character is in it even where it tells no texts apart: `/service-1/` and `/service-17/` have lengths of their
 * own, and without it a value that begins with the longer one would be compared with both.
 */
function affixHash(hash: number, last: number, length: number): number {
  return mixed(mixed(hash, last), length);
}

/** In one list, ascending: the places to be hashed, and, as their complements, the lengths to be looked up. */
function stepsOf(texts: readonly string[], codeAt: CodeAt): number[] {
  const lengths = [...new Set(texts.map(({ length }) => length))];
  const steps = [...tellingPlaces(texts, codeAt), ...lengths.map((length) => ~length)];
  return steps.sort((a, b) => reach(a) - reach(b));
}

/** A length comes behind the places within it, and before the place behind it. */
function reach(step: number): number {
  return step < 0 ? ~step - 0.5 : step;
}
