import { StartRefusal } from "./refusal.ts";

/** A child that dies this often before it was ever ready will not do better: starting is given up. */
const MOST_DEATHS = 3;

/** Which children a start still waits for, and whether it can succeed. */
export class Startup {
  readonly #waiting: Set<string>;
  readonly #deaths = new Map<string, number>();
  readonly #outcome = Promise.withResolvers<void>();
  #isDone = false;
  readonly #spares: (name: string) => boolean;
  #lastWords = new Map<string, string>();

  /** `spares`: asked about one that does not come up; whether the start goes on without it. */
  constructor(names: readonly string[], spares: (name: string) => boolean = () => false) {
    this.#waiting = new Set(names);
    this.#spares = spares;
    // Whoever waits hears of it; that nobody waits yet is no fault.
    this.#outcome.promise.catch(() => {});
  }

  /** Resolves when all are ready. @throws StartRefusal */
  get done(): Promise<void> {
    return this.#outcome.promise;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** It is waited for, too. */
  expect(name: string): void {
    this.#waiting.add(name);
  }

  ready(name: string): void {
    if (!this.#waiting.delete(name) || this.#waiting.size > 0) return;
    this.#isDone = true;
    this.#outcome.resolve();
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
    if (this.#spares(name)) {
      this.ready(name);
      return;
    }
    const words = this.#lastWords.get(name) ?? fate;
    this.fail(`Cannot start: the ${name} ended ${deaths} times before it was ready. Last: ${words}`);
  }

  /** All had so long, and some are not ready. */
  late(ms: number): void {
    for (const name of [...this.#waiting]) if (this.#spares(name)) this.ready(name);
    if (!this.isDone) this.fail(`Cannot start: not ready after ${ms / 1_000} s`);
  }

  fail(reason: string): void {
    this.#outcome.reject(new StartRefusal(reason));
  }
}
