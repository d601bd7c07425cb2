/** Holds everybody back until `count` have arrived. A test passes it only if so many were there at the same time. */
export class Gate {
  readonly #count: number;
  readonly #open = Promise.withResolvers<void>();
  #arrived = 0;

  constructor(count: number) {
    this.#count = count;
  }

  /** Resolves when it opens. */
  async pass(): Promise<void> {
    this.arrive();
    await this.#open.promise;
  }

  arrive(): void {
    this.#arrived += 1;
    if (this.#arrived === this.#count) this.#open.resolve();
  }

  get opened(): Promise<void> {
    return this.#open.promise;
  }
}
