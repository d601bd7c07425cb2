/**
 * Time and turns of the loop, as the yard lets them pass: what would run "soon" is run by `pump`, and clocks stand still
 * until they are told to go. An input so takes the same course each time, and no real time.
 */
class World {
  #now = 1_000_000;
  #soon: (() => void)[] = [];
  #error: { readonly error: unknown } | undefined;
  readonly #ticking: (() => void)[] = [];

  /** From now on the process lives in this world. */
  install(): void {
    Object.defineProperty(performance, "now", { value: () => this.#now, configurable: true });
    const later = (run: (...values: unknown[]) => void, ...values: unknown[]): object => {
      this.#soon.push(() => run(...values));
      return {};
    };
    Object.assign(globalThis, { setImmediate: later });
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
    for (const run of due) this.#run(run);
  }

  /** What was thrown first since this was asked: nothing that is thrown keeps the world from turning. */
  takeError(): { readonly error: unknown } | undefined {
    const error = this.#error;
    this.#error = undefined;
    return error;
  }

  #run(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#error ??= { error };
    }
  }

  /** Lets milliseconds pass, in steps that nobody can overlook. */
  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      this.#now += STEP_MS;
      for (const tick of this.#ticking) tick();
      while (this.busy) this.endTurn();
    }
  }
}

const STEP_MS = 100;

export const world = new World();
