import type { Facts } from "./facts.ts";
import { HashTable } from "./hash-table.ts";

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

/** What is to be tried when a value has this text at its beginning, at its end, or anywhere. */
export interface Posting {
  readonly text: string;
  readonly rules: Found;
}

interface Entry extends Posting {
  readonly hash: number;
  /** Another text of the same length whose hash is the same. */
  readonly next: Entry | undefined;
}

/**
 * Finds which texts a value begins with (or ends with). The hash grows with each character, and is looked up at the
 * lengths that texts have: one pass over the value, however many texts there are, and nothing is cut out of it.
 */
export class AffixIndex {
  readonly #fromEnd: boolean;
  /** Ascending. */
  readonly #lengths: readonly number[];
  readonly #entries = new HashTable<Entry>();

  constructor(kind: "prefix" | "suffix", postings: readonly Posting[]) {
    this.#fromEnd = kind === "suffix";
    this.#lengths = [...new Set(postings.map(({ text }) => text.length))].sort((a, b) => a - b);
    for (const { text, rules } of postings) {
      const hash = this.#hash(text, text.length, 0, 0);
      this.#entries.set({ hash, text, rules, next: this.#entries.find(hash) });
    }
  }

  narrow(value: string, facts: Facts, best: number): number {
    let lowest = best;
    let hash = 0;
    let hashed = 0;
    for (const length of this.#lengths) {
      if (length > value.length) break;
      hash = this.#hash(value, length, hashed, hash);
      hashed = length;
      for (let entry = this.#entries.find(hash); entry !== undefined; entry = entry.next) {
        if (this.#agrees(value, length, entry.text)) lowest = narrowBy(entry.rules, facts, lowest);
      }
    }
    return lowest;
  }

  /** Continues a hash of the first (or last) `hashed` characters up to `length`. */
  #hash(value: string, length: number, hashed: number, hash: number): number {
    let grown = hash;
    const last = value.length - 1;
    for (let at = hashed; at < length; at++) {
      grown = (Math.imul(grown, 31) + value.charCodeAt(this.#fromEnd ? last - at : at)) | 0;
    }
    return grown;
  }

  /** Two texts may share a hash; a peer cannot add texts, so a collision costs one comparison. */
  #agrees(value: string, length: number, text: string): boolean {
    if (text.length !== length) return false;
    return this.#fromEnd ? value.endsWith(text) : value.startsWith(text);
  }
}

/** A state of the automaton: the longest beginning of any text that the characters read so far end with. */
class State {
  readonly next = new Map<number, State>();
  /** The state of the next shorter beginning. */
  shorter: State | undefined;
  /** Tried when a text ends here. */
  rules: Found | undefined;
  /** The nearest of the shorter states where a text ends. */
  ending: State | undefined;
  /** The last pass that tried the rules. */
  pass = 0;
}

/**
 * Finds which texts a value has anywhere, in one pass (Aho and Corasick 1975). The rules of a text are tried once in
 * a pass, though the value have the text a thousand times.
 */
export class InnerTextIndex {
  readonly #start = new State();
  #pass = 0;

  constructor(postings: readonly Posting[]) {
    for (const { text, rules } of postings) this.#add(text, rules);
    this.#link();
  }

  narrow(value: string, facts: Facts, best: number): number {
    const pass = ++this.#pass;
    let lowest = best;
    let state = this.#start;
    for (let at = 0; at < value.length; at++) {
      state = this.#advance(state, value.charCodeAt(at));
      let ending = state.rules === undefined ? state.ending : state;
      // a text that was seen in this pass was seen with all that end with it
      for (; ending?.rules !== undefined && ending.pass !== pass; ending = ending.ending) {
        ending.pass = pass;
        lowest = narrowBy(ending.rules, facts, lowest);
      }
    }
    return lowest;
  }

  #add(text: string, rules: Found): void {
    let state = this.#start;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      const known = state.next.get(code);
      const next = known ?? new State();
      if (known === undefined) state.next.set(code, next);
      state = next;
    }
    state.rules = rules;
  }

  /** By growing length, so that the shorter states are linked before the longer ones ask for them. */
  #link(): void {
    const states = [this.#start];
    for (const state of states) {
      for (const [code, next] of state.next) {
        next.shorter = state.shorter === undefined ? this.#start : this.#advance(state.shorter, code);
        next.ending = next.shorter.rules === undefined ? next.shorter.ending : next.shorter;
        states.push(next);
      }
    }
  }

  #advance(from: State, code: number): State {
    let state: State | undefined = from;
    while (state !== undefined) {
      const next: State | undefined = state.next.get(code);
      if (next !== undefined) return next;
      state = state.shorter;
    }
    return this.#start;
  }
}
