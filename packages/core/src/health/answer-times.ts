/**
 * Upper bounds of the buckets in which answers are counted by how long they took, in milliseconds; above the last is one
 * bucket more. Few, for they are kept and told for each server by each acceptor; each about three times the one before.
 */
export const ANSWER_BOUNDS_MS: readonly number[] = Object.freeze([
  1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000,
]);

/** How long the answers of one server took, counted. */
export class AnswerTimes {
  readonly #counts = new Array<number>(ANSWER_BOUNDS_MS.length + 1).fill(0);
  /** All of them together, in milliseconds. */
  sumMs = 0;

  note(ms: number): void {
    let bucket = 0;
    while (bucket < ANSWER_BOUNDS_MS.length && ms > (ANSWER_BOUNDS_MS[bucket] as number)) bucket++;
    (this.#counts[bucket] as number) += 1;
    this.sumMs += ms;
  }

  /** A count for each bucket. */
  get counts(): readonly number[] {
    return [...this.#counts];
  }
}
