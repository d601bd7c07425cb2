/** How often it is looked, in milliseconds: whoever waits behind a late answer waits for two looks at the most. */
export const LOOK_MS = 5;

/** A connection on which requests wait behind another. */
export interface Shared {
  /** The answer that the others wait for does not come. Called with every look. */
  isOverdue(): boolean;
  /** They wait there no longer. */
  relieve(): void;
}

/**
 * Looks after requests that wait behind another's answer. There is one timer, while somebody waits. Between two looks
 * lies a turn in which all that had come was read, so a loop that stood still takes nobody for late.
 */
export class Overdue {
  readonly #shared = new Set<Shared>();
  #timer: NodeJS.Timeout | undefined;

  add(shared: Shared): void {
    this.#shared.add(shared);
    this.#timer ??= this.#arm();
  }

  delete(shared: Shared): void {
    this.#shared.delete(shared);
  }

  readonly look = (): void => {
    for (const shared of this.#shared) if (shared.isOverdue()) shared.relieve();
    this.#timer = this.#shared.size > 0 ? this.#arm() : undefined;
  };

  #arm(): NodeJS.Timeout {
    return setTimeout(this.look, LOOK_MS).unref();
  }
}
