/**
 * Time and turns of the loop, as the yard lets them pass: what would run soon runs when the turn is told to end, and
 * the clock stands still until it is told to go. An input so takes the same course each time, and no real time.
 */
class World {
  #now = 1_000_000;
  #soon: (() => void)[] = [];
  #error: { readonly error: unknown } | undefined;
  readonly #ticking: (() => void)[] = [];

  /** Runs something that lives in this world: for it, these are the clock and the end of a turn. */
  inside<T>(run: () => T): T {
    const { setImmediate } = globalThis;
    const { now } = performance;
    performance.now = () => this.#now;
    const soon = <V extends unknown[]>(later: (...values: V) => void, ...values: V): void =>
      this.soon(() => later(...values));
    Object.assign(globalThis, { setImmediate: soon });
    try {
      return run();
    } finally {
      performance.now = now;
      Object.assign(globalThis, { setImmediate });
    }
  }

  /** What `set` starts with setInterval ticks in this world. */
  async tickingFrom<T>(start: () => Promise<T>): Promise<T> {
    const real = globalThis.setInterval;
    const ours = (run: () => void): { unref(): void } => {
      this.#ticking.push(run);
      return { unref: () => {} };
    };
    Object.assign(globalThis, { setInterval: ours });
    return await start().finally(() => Object.assign(globalThis, { setInterval: real }));
  }

  get busy(): boolean {
    return this.#soon.length > 0;
  }

  /** Puts something at the end of this turn. */
  soon(run: () => void): void {
    this.#soon.push(run);
  }

  /** The end of a turn: runs what was put there; what that puts there waits for the next. */
  endTurn(): void {
    const due = this.#soon;
    this.#soon = [];
    this.inside(() => {
      for (const run of due) this.#run(run);
    });
  }

  /** What was thrown first since this was asked: nothing that is thrown keeps the world from turning. */
  takeError(): { readonly error: unknown } | undefined {
    const error = this.#error;
    this.#error = undefined;
    return error;
  }

  /** Lets milliseconds pass, in steps that nobody can overlook. */
  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      this.#now += STEP_MS;
      for (const tick of this.#ticking) this.soon(tick);
      while (this.busy) this.endTurn();
    }
  }

  #run(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#error ??= { error };
    }
  }
}

const STEP_MS = 100;

export const world = new World();
