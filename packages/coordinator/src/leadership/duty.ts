import type { Logger } from "pino";

/** What only a leader does: it publishes, checks, grants. Begins when leading begins and ends when that ends. */
export interface Duty {
  /** Called while it is not being done. `term` is the one that is led. */
  start(term: number): void;
  /** Called at any time; nothing of it happens any more when this returns. */
  stop(): void;
}

/** A duty that is done again and again. */
export function everyMs(ms: number, work: () => void): Duty {
  let ticker: NodeJS.Timeout | undefined;
  return {
    start() {
      ticker = setInterval(work, ms);
    },
    stop() {
      clearInterval(ticker);
    },
  };
}

/** All duties of a leader: they start in order and stop in the opposite one. */
export class Duties {
  readonly #duties: readonly Duty[];
  readonly #log: Logger;
  #term: number | undefined;

  constructor(duties: readonly Duty[], log: Logger) {
    this.#duties = duties;
    this.#log = log;
  }

  /** Undefined while none is done. */
  get term(): number | undefined {
    return this.#term;
  }

  start(term: number): void {
    this.stop();
    this.#term = term;
    for (const duty of this.#duties) duty.start(term);
  }

  /** One that fails to stop keeps no other from stopping: two leaders must not both do it. */
  stop(): void {
    if (this.#term === undefined) return;
    this.#term = undefined;
    for (const duty of this.#duties.toReversed()) {
      try {
        duty.stop();
      } catch (error) {
        this.#log.error({ err: error }, "a duty of the leader failed to stop");
      }
    }
  }
}
