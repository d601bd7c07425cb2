/** The name under which instrumented code finds its counters. */
export const EDGES = "__shuntEdges";
/** More branches than our packages have. */
const MOST_EDGES = 1 << 17;
const WORD_BYTES = 4;

/** How often a branch was taken, in ranges: a loop that runs once more is nothing new, one that runs twice as often is. */
const RANGES = Uint8Array.from({ length: 256 }, (_, count) =>
  count === 0 ? 0 : 1 << Math.min(7, log2(count)),
);

function log2(count: number): number {
  return 31 - Math.clz32(count);
}

/** What has been seen of the subject, over all inputs so far. */
class Coverage {
  readonly #counts = new Uint8Array(MOST_EDGES);
  /** The same, several at once: most of them are 0. */
  readonly #words = new Int32Array(this.#counts.buffer);
  readonly #seen = new Uint8Array(MOST_EDGES);
  readonly #signatures = new Set<string>();
  /** Counters that were given out. */
  edges = 0;
  /** Branches that were taken at least once, and ranges of how often. */
  taken = 0;
  ranges = 0;

  /** Instrumented code counts in there. */
  get counts(): Uint8Array {
    return this.#counts;
  }

  nextEdge(): number {
    // Beyond them branches share: a coincidence hides something new at times, and breaks nothing.
    return this.edges++ % MOST_EDGES;
  }

  /** Forgets what the last input took. */
  begin(): void {
    this.#counts.fill(0, 0, this.#end());
  }

  /** Adds what was taken since `begin`, and what was done in words. Returns how much of it is new. */
  add(signature: string): number {
    let fresh = 0;
    const end = this.#end() / WORD_BYTES;
    for (let word = 0; word < end; word++)
      if (this.#words[word] !== 0) fresh += this.#addWord(word * WORD_BYTES);
    this.ranges += fresh;
    if (!this.#signatures.has(signature)) {
      this.#signatures.add(signature);
      fresh++;
    }
    return fresh;
  }

  /** What was taken since `begin`: branch and range in one number each. */
  features(): number[] {
    const features: number[] = [];
    for (let edge = 0; edge < this.#end(); edge++) {
      const count = this.#counts[edge] as number;
      if (count !== 0) features.push(edge * 256 + (RANGES[count] as number));
    }
    return features;
  }

  #addWord(from: number): number {
    let fresh = 0;
    for (let edge = from; edge < from + WORD_BYTES; edge++) {
      const range = RANGES[this.#counts[edge] as number] as number;
      const before = this.#seen[edge] as number;
      if ((before | range) === before) continue;
      if (before === 0) this.taken++;
      this.#seen[edge] = before | range;
      fresh++;
    }
    return fresh;
  }

  #end(): number {
    return Math.min(MOST_EDGES, (this.edges + WORD_BYTES - 1) & -WORD_BYTES);
  }
}

export const coverage = new Coverage();
Object.assign(globalThis, { [EDGES]: coverage.counts });
