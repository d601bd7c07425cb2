import { StartRefusal } from "./refusal.ts";

/** A child that dies this often before it was ever ready will not do better: starting is given up. */
const MOST_DEATHS = 3;

/** Which children a start still waits for, and whether it can succeed. */
export class Startup {
  readonly #waiting: Set<string>;
  readonly #deaths = new Map<string, number>();
  readonly #outcome = Promise.withResolvers<void>();
  #lastWords = new Map<string, string>();

  constructor(names: readonly string[]) {
    this.#waiting = new Set(names);
    // Whoever waits hears of it; that nobody waits yet is no fault.
    this.#outcome.promise.catch(() => {});
  }

  /** Resolves when all are ready. @throws StartRefusal */
  get done(): Promise<void> {
    return this.#outcome.promise;
  }

  get isDone(): boolean {
    return this.#waiting.size === 0;
  }

  ready(name: string): void {
    this.#waiting.delete(name);
    if (this.#waiting.size === 0) this.#outcome.resolve();
  }

  /** What a child said of itself; tells more than its exit code. */
  said(name: string, words: string): void {
    this.#lastWords.set(name, words);
  }

  died(name: string, fate: string): void {
    if (!this.#waiting.has(name)) return;
    const deaths = (this.#deaths.get(name) ?? 0) + 1;
    this.#deaths.set(name, deaths);
    if (deaths < MOST_DEATHS) return;
    const words = this.#lastWords.get(name) ?? fate;
    this.fail(`Cannot start: the ${name} ended ${deaths} times before it was ready. Last: ${words}`);
  }

  fail(reason: string): void {
    this.#outcome.reject(new StartRefusal(reason));
  }
}
