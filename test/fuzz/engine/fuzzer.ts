import { type Measured, readCorpus, smallestCover, writeCorpus } from "./corpus.ts";
import { coverage } from "./coverage.ts";
import type { Dice } from "./dice.ts";
import { type Finding, kindOf } from "./findings.ts";
import { minimised } from "./minimise.ts";
import { type Material, mutate } from "./mutate.ts";
import type { Target } from "./target.ts";

/** Inputs of which every other mutation is made: the youngest, since what is behind a new branch is seldom seen yet. */
const YOUNGEST = 16;
/** Files kept for each target: all targets together stay below 300. */
const KEPT_FILES = 24;
/** One target tells at most so many kinds of findings in a run. */
const MOST_FINDINGS = 8;

/** Feeds one target, guided by what inputs take of it that none has taken before. */
export class Fuzzer {
  readonly target: Target;
  readonly findings: Finding[] = [];
  runs = 0;
  readonly #dice: Dice;
  readonly #inputs: Buffer[] = [];
  readonly #kinds = new Set<string>();
  readonly #material: Material;

  constructor(target: Target, dice: Dice) {
    this.target = target;
    this.#dice = dice;
    this.#material = {
      dictionary: target.dictionary.map((text) => Buffer.from(text, "latin1")),
      other: () => this.#dice.of(this.#inputs),
    };
  }

  get inputs(): number {
    return this.#inputs.length;
  }

  /** It has found so much that more would only be in the way. */
  get isFull(): boolean {
    return this.findings.length >= MOST_FINDINGS;
  }

  /** Runs the kept inputs and the seeds. */
  begin(): void {
    const seeds = this.target.seeds.map((text) => Buffer.from(text, "latin1"));
    for (const octets of [...seeds, ...readCorpus(this.target.name).map((kept) => kept.octets)]) {
      this.#inputs.push(octets);
      this.#run(octets);
    }
  }

  /** Runs mutations until `isOver`. */
  go(isOver: () => boolean): void {
    while (!isOver() && !this.isFull) {
      const octets = mutate(this.#dice, this.#next(), this.#material, this.target.maxBytes);
      if (this.#run(octets) > 0) this.#inputs.push(octets);
    }
  }

  /** Keeps the fewest inputs that take all that was taken. */
  keep(): number {
    const measured: Measured[] = this.#inputs.map((octets) => {
      coverage.begin();
      this.#attempt(octets);
      return { octets, features: coverage.features() };
    });
    const chosen = smallestCover(measured, KEPT_FILES);
    writeCorpus(this.target.name, chosen);
    return chosen.length;
  }

  #next(): Buffer {
    const inputs = this.#inputs;
    if (this.#dice.oneIn(2)) return this.#dice.of(inputs);
    return inputs[inputs.length - 1 - this.#dice.below(Math.min(YOUNGEST, inputs.length))] as Buffer;
  }

  /** Returns how much the input took that none had taken. */
  #run(octets: Buffer): number {
    this.runs++;
    coverage.begin();
    return coverage.add(this.#attempt(octets));
  }

  #attempt(octets: Buffer): string {
    try {
      return this.target.run(octets);
    } catch (error) {
      this.#note(octets, error);
      return "finding";
    }
  }

  #note(octets: Buffer, error: unknown): void {
    const kind = kindOf(error);
    if (this.#kinds.has(kind) || this.isFull) return;
    this.#kinds.add(kind);
    const smaller = minimised(this.target, octets, error);
    this.findings.push({ target: this.target.name, octets: smaller, error: errorOf(this.target, smaller) });
  }
}

function errorOf(target: Target, octets: Buffer): unknown {
  try {
    target.run(octets);
  } catch (error) {
    return error;
  }
  return new Error("holds when it is run once more: what it does depends on what was run before");
}
