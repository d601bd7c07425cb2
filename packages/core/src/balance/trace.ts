import type { Candidate } from "./view.ts";

/** Candidates whose values a trace keeps by default. Two draws need two; the rest is for `least-load` over all. */
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
  | "pool-at-its-limit"
  | "pool-at-its-share";

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
  readonly candidates: Uint32Array;
  readonly scores: Float64Array;
  readonly outstanding: Uint32Array;
  readonly reported: Uint32Array;
  readonly latenciesMs: Float64Array;

  /** @param capacity comparisons that are kept; 1 or above */
  constructor(capacity: number = TRACED_CANDIDATES) {
    this.candidates = new Uint32Array(capacity);
    this.scores = new Float64Array(capacity);
    this.outstanding = new Uint32Array(capacity);
    this.reported = new Uint32Array(capacity);
    this.latenciesMs = new Float64Array(capacity);
  }

  /** How many comparisons the arrays hold. */
  get kept(): number {
    return Math.min(this.compared, this.candidates.length);
  }

  reset(): void {
    this.compared = 0;
    this.winner = -1;
    this.reason = "nobody-eligible";
  }

  compare(index: number, candidate: Candidate, score: number): void {
    if (this.compared < this.candidates.length) this.#write(this.compared, index, candidate, score);
    this.compared++;
  }

  /** Notes the winner. One that was compared when the arrays were full takes the last place in them. */
  conclude(index: number, candidate: Candidate, score: number, reason: ChoiceReason): void {
    this.winner = index;
    this.reason = reason;
    if (!this.has(index)) this.#write(this.candidates.length - 1, index, candidate, score);
  }

  has(index: number): boolean {
    for (let i = 0; i < this.kept; i++) if (this.candidates[i] === index) return true;
    return false;
  }

  /** Takes over what `other` holds, which must be of the same capacity. */
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
