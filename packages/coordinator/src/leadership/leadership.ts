import type { Fence } from "@shunt/core";

/**
 * Which coordinator leads. On one host there is one, and it leads. Of many, one leads by a lease in Redis: it checks
 * servers, grants shares, publishes loads and makes changes; the others stand by, hear the same acceptors, answer the
 * same questions, and take over when the lease ends.
 */
export interface Leadership {
  readonly leads: boolean;
  /** Of the lease that is held; the last known one while standing by. 0 where there is nobody to compete with. */
  readonly term: number;
  /** Name of whoever leads, as far as known. */
  readonly leader: string | undefined;
  /** What a fenced write compares the lease with; undefined while standing by, and where nothing is fenced. */
  readonly fence: Fence | undefined;
  /** A write fenced by this was refused: Redis knows better who leads. It is counted, and ends a lease that was thought to hold. */
  refused(fence: Fence): void;
  /** Called with each change of `leads`. */
  onChange(listener: (leads: boolean) => void): void;
}

/** The only coordinator. */
export const ALONE: Leadership = Object.freeze({
  leads: true,
  term: 0,
  leader: undefined,
  fence: undefined,
  refused: () => {},
  onChange: () => {},
});
