/** Runs jobs, a bounded number at a time, in the order in which they came. */
export class CheckQueue {
  readonly #atOnce: number;
  #waiting: (() => Promise<void>)[] = [];
  #running = 0;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** `job` never rejects. */
  add(job: () => Promise<void>): void {
    this.#waiting.push(job);
    this.#next();
  }

  /** Those that run still end; those that wait are forgotten. */
  clear(): void {
    this.#waiting = [];
  }

  #next(): void {
    while (this.#running < this.#atOnce) {
      const job = this.#waiting.shift();
      if (job === undefined) return;
      this.#running++;
      const done = (): void => {
        this.#running--;
        this.#next();
      };
      job().then(done, done);
    }
  }
}
