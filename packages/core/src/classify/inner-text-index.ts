import type { Facts } from "./facts.ts";
import type { Found } from "./found.ts";
import { lowestFirst, narrowBy, type Posting, type TextIndex } from "./text-index.ts";
import type { Memory } from "./text-table.ts";

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
export class InnerTextIndex implements TextIndex {
  readonly first: number;
  readonly #memory: Memory;
  readonly #start = new State();
  #pass = 0;

  constructor(postings: readonly Posting[], memory: Memory) {
    this.#memory = memory;
    for (const { text, rules } of postings) this.#add(text, rules);
    this.#link();
    this.first = lowestFirst(
      memory,
      postings.map(({ rules }) => rules),
    );
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
        lowest = narrowBy(this.#memory, ending.rules, facts, lowest);
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
