import type { Candidate } from "./view.ts";

/** Candidates whose values a trace keeps. Two draws need two; the rest is for `least-load` that looks at all. */
export const TRACED_CANDIDATES = 16;

/** Why the winner won, or why there is none. */
export type ChoiceReason =
  | "only-one-eligible"
  | "lowest-score"
  | "tie-broken-by-seed"
  | "its-turn"
  | "instead-of-the-one-in-turn"
  | "owner-on-the-ring"
  | "next-on-the-ring"
  | "nobody-eligible"
  | "pool-at-its-limit";

/**
 * What one choice compared and why it ended so. An acceptor makes one and reuses it for every request: `choose`
 * writes numbers into arrays that are there already, and whoever wants to keep them copies them with `copyFrom`.
 */
export class ChoiceTrace {
  /** Candidates compared, in the order of comparison; it may exceed what is kept. */
  compared = 0;
  /** Index of the candidate that won; -1 is nobody. A winner is always among the kept. */
  winner = -1;
  reason: ChoiceReason = "nobody-eligible";

  /** Of each kept comparison: which candidate, the values that counted at that moment, and the score; lowest wins. */
  readonly candidates = new Uint32Array(TRACED_CANDIDATES);
  readonly scores = new Float64Array(TRACED_CANDIDATES);
  readonly outstanding = new Uint32Array(TRACED_CANDIDATES);
  readonly reported = new Uint32Array(TRACED_CANDIDATES);
  readonly latenciesMs = new Float64Array(TRACED_CANDIDATES);

  /** How many comparisons the arrays hold. */
  get kept(): number {
    return Math.min(this.compared, TRACED_CANDIDATES);
  }

  reset(): void {
    this.compared = 0;
    this.winner = -1;
    this.reason = "nobody-eligible";
  }

  compare(index: number, candidate: Candidate, score: number): void {
    if (this.compared < TRACED_CANDIDATES) this.#write(this.compared, index, candidate, score);
    this.compared++;
  }

  /** Notes the winner. One that was compared when the arrays were full takes the last place in them. */
  conclude(index: number, candidate: Candidate, score: number, reason: ChoiceReason): void {
    this.winner = index;
    this.reason = reason;
    if (!this.has(index)) this.#write(TRACED_CANDIDATES - 1, index, candidate, score);
  }

  has(index: number): boolean {
    for (let i = 0; i < this.kept; i++) if (this.candidates[i] === index) return true;
    return false;
  }

  copyFrom(other: ChoiceTrace): void {
    this.compared = other.compared;
    this.winner = other.winner;
    this.reason = other.reason;
    this.candidates.set(other.candidates);
    this.scores.set(other.scores);
    this.outstanding.set(other.outstanding);
    this.reported.set(other.reported);
    this.latenciesMs.set(other.latenciesMs);
  }

  #write(slot: number, index: number, candidate: Candidate, score: number): void {
    this.candidates[slot] = index;
    this.scores[slot] = score;
    this.outstanding[slot] = candidate.outstanding;
    this.reported[slot] = candidate.reported;
    this.latenciesMs[slot] = candidate.latencyMs;
  }
}
