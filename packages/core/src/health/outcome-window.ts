/** Parts in which a window moves on: an outcome is forgotten between `windowMs` less one of them and `windowMs` later. */
const SLICES = 10;

/**
 * How the requests of one server went in the last `windowMs`. The counters are there from the beginning and rolled by
 * time, so that counting an outcome makes nothing and is a few additions.
 *
 * Time is an argument, in milliseconds of any one clock; one that goes back counts as one that stands still.
 */
export class OutcomeWindow {
  readonly #sliceMs: number;
  readonly #requests = new Uint32Array(SLICES);
  readonly #errors = new Uint32Array(SLICES);
  readonly #timeouts = new Uint32Array(SLICES);
  readonly #answers = new Uint32Array(SLICES);
  readonly #latencyMs = new Float64Array(SLICES);
  /** Number of the slice that is counted into, from the beginning of the clock on. */
  #current = Number.NEGATIVE_INFINITY;

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / SLICES;
  }

  /** An answer, `isError` where its status is 500 or above. */
  answered(now: number, latencyMs: number, isError: boolean): void {
    const at = this.#at(now);
    this.#add(this.#requests, at, 1);
    this.#add(this.#answers, at, 1);
    this.#add(this.#latencyMs, at, latencyMs);
    if (isError) this.#add(this.#errors, at, 1);
  }

  /** It failed at the server. `first`: nothing was counted of this request before. */
  brokeOff(now: number, first: boolean): void {
    const at = this.#at(now);
    if (first) this.#add(this.#requests, at, 1);
    this.#add(this.#errors, at, 1);
  }

  /** There was no answer in time, or not the rest of it. */
  timedOut(now: number, first: boolean): void {
    const at = this.#at(now);
    if (first) this.#add(this.#requests, at, 1);
    this.#add(this.#timeouts, at, 1);
  }

  requests(now: number): number {
    return this.#sum(this.#requests, now);
  }

  errors(now: number): number {
    return this.#sum(this.#errors, now);
  }

  timeouts(now: number): number {
    return this.#sum(this.#timeouts, now);
  }

  /** Mean answer time; 0 where nothing was answered. */
  meanMs(now: number): number {
    const answers = this.#sum(this.#answers, now);
    return answers === 0 ? 0 : this.#sum(this.#latencyMs, now) / answers;
  }

  clear(): void {
    this.#current = Number.NEGATIVE_INFINITY;
    for (const counts of [this.#requests, this.#errors, this.#timeouts, this.#answers, this.#latencyMs])
      counts.fill(0);
  }

  #add(counts: Uint32Array | Float64Array, at: number, amount: number): void {
    (counts[at] as number) += amount;
  }

  #sum(counts: Uint32Array | Float64Array, now: number): number {
    this.#at(now);
    let sum = 0;
    for (let i = 0; i < SLICES; i++) sum += counts[i] as number;
    return sum;
  }

  /** The place to count at, after what is too old was forgotten. */
  #at(now: number): number {
    const slice = Math.floor(now / this.#sliceMs);
    if (slice > this.#current) this.#roll(slice);
    return modulo(this.#current);
  }

  #roll(to: number): void {
    const first = Math.max(this.#current + 1, to - SLICES + 1);
    for (let slice = first; slice <= to; slice++) {
      const at = modulo(slice);
      this.#requests[at] = 0;
      this.#errors[at] = 0;
      this.#timeouts[at] = 0;
      this.#answers[at] = 0;
      this.#latencyMs[at] = 0;
    }
    this.#current = to;
  }
}

/** Clocks may be below 0. */
function modulo(slice: number): number {
  return ((slice % SLICES) + SLICES) % SLICES;
}
