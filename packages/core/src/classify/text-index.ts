import type { Facts } from "./facts.ts";
import { type Found, lowestFirst, narrowBy } from "./found.ts";
import { mixed } from "./hash.ts";
import { Sieve } from "./sieve.ts";
import { tellingPlaces } from "./telling-places.ts";
import { addText, findText, type Memory, newTable } from "./text-table.ts";

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

/** More texts than these are worth a sieve. */
const FEW = 32;

/** Finds the text that a value equals. */
export class EqualIndex implements TextIndex {
  readonly first: number;
  readonly #memory: Memory;
  /** Where in memory its steps are, which are the places to be hashed; see `layOut`. */
  readonly #at: number;

  constructor(postings: readonly Posting[], memory: Memory) {
    this.first = lowestFirst(postings.map(({ rules }) => rules));
    this.#memory = memory;
    const texts = postings.map(({ text }) => text);
    this.#at = layOut(memory, tellingPlaces(texts, codeFromStart), texts.length);
    const table = memory[this.#at] as number;
    for (const { text, rules } of postings) addText(memory, table, this.#hash(text), text, rules);
  }

  narrow(value: string, facts: Facts, best: number): number {
    const table = this.#memory[this.#at] as number;
    const found = findText(this.#memory, table, this.#hash(value), value, 0, value.length);
    return found === undefined ? best : narrowBy(found, facts, best);
  }

  #hash(value: string): number {
    const memory = this.#memory;
    const end = memory[this.#at] as number;
    let hash = value.length;
    for (let at = this.#at + 1; at < end; at++) {
      const place = memory[at] as number;
      if (place >= value.length) break;
      hash = mixed(hash, value.charCodeAt(place));
    }
    return hash;
  }
}

/**
 * Finds which texts a value begins with (or ends with). The hash grows with each character that tells texts apart, and
 * is looked up at the lengths that texts have: one pass over the value, however many texts there are.
 */
export class AffixIndex implements TextIndex {
  readonly first: number;
  readonly #memory: Memory;
  /** Where in memory its steps are; see `layOut` and `stepsOf`. */
  readonly #at: number;
  readonly #fromEnd: boolean;
  /** Of the hashes that texts have at the shortest length; undefined: there are few texts. */
  readonly #sieve: Sieve | undefined;

  constructor(kind: "prefix" | "suffix", postings: readonly Posting[], memory: Memory) {
    this.first = lowestFirst(postings.map(({ rules }) => rules));
    this.#memory = memory;
    this.#fromEnd = kind === "suffix";
    const texts = postings.map(({ text }) => text);
    const steps = stepsOf(texts, this.#fromEnd ? codeFromEnd : codeFromStart);
    this.#at = layOut(memory, steps, texts.length);
    const begun = postings.map(({ text, rules }) => this.#add(text, rules));
    if (texts.length > FEW) this.#sieve = new Sieve(begun);
  }

  narrow(value: string, facts: Facts, best: number): number {
    const memory = this.#memory;
    const end = memory[this.#at] as number;
    let sieve = this.#sieve;
    let lowest = best;
    let hash = 0;
    for (let at = this.#at + 1; at < end; at++) {
      const step = memory[at] as number;
      if (step >= 0) hash = mixed(hash, this.#codeAt(value, step));
      else {
        const length = ~step;
        if (length > value.length || sieve?.letsThrough(hash) === false) break;
        sieve = undefined;
        const from = this.#fromEnd ? value.length - length : 0;
        const found = findText(memory, end, mixed(hash, length), value, from, from + length);
        if (found !== undefined) lowest = narrowBy(found, facts, lowest);
      }
    }
    return lowest;
  }

  /** What its hash is at the shortest length. */
  #add(text: string, rules: Found): number {
    const memory = this.#memory;
    const end = memory[this.#at] as number;
    let begun: number | undefined;
    let hash = 0;
    for (let at = this.#at + 1; at < end; at++) {
      const step = memory[at] as number;
      if (step >= 0) hash = mixed(hash, this.#codeAt(text, step));
      else begun ??= hash;
      if (~step === text.length) addText(memory, end, mixed(hash, text.length), text, rules);
    }
    return begun ?? hash;
  }

  #codeAt(value: string, place: number): number {
    return this.#fromEnd ? codeFromEnd(value, place) : codeFromStart(value, place);
  }
}

function codeFromStart(value: string, place: number): number {
  return value.charCodeAt(place);
}

function codeFromEnd(value: string, place: number): number {
  return value.charCodeAt(value.length - 1 - place);
}

/** An index in memory, and where: the end of its steps, its steps, and from that end on a table of so many texts. */
function layOut(memory: Memory, steps: readonly number[], texts: number): number {
  const at = memory.push(0) - 1;
  for (const step of steps) memory.push(step);
  memory[at] = newTable(memory, texts);
  return at;
}

/** In one list, ascending: the places to be hashed, and, as their complements, the lengths to be looked up. */
function stepsOf(texts: readonly string[], codeAt: (text: string, place: number) => number): number[] {
  const lengths = [...new Set(texts.map(({ length }) => length))];
  const steps = [...tellingPlaces(texts, codeAt), ...lengths.map((length) => ~length)];
  return steps.sort((a, b) => reach(a) - reach(b));
}

/** A length comes behind the places within it, and before the place behind it. */
function reach(step: number): number {
  return step < 0 ? ~step - 0.5 : step;
}
