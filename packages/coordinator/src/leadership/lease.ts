/** How long a lease holds from when it was asked for. Whoever takes over has waited for its end. */
export const LEASE_MS = 1_500;
/** Two renewals may fail before the lease ends. */
export const RENEW_EVERY_MS = LEASE_MS / 3;

export type LeaseState = "standing-by" | "leading";

/**
 * The lease as its holder sees it: standing-by -> leading -> standing-by.
 * All times are of one monotonic clock. The lease is counted from when it was *asked for*: Redis counts it from when it
 * granted it, which is later however slow the way was. So it ends here before anybody else can have it.
 */
export class Lease {
  readonly #now: () => number;
  #term = 0;
  #endsAt = Number.NEGATIVE_INFINITY;
  #state: LeaseState = "standing-by";

  /** @param now milliseconds of a monotonic clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** `leading` until the end is noticed, which `leads` does not wait for. */
  get state(): LeaseState {
    return this.#state;
  }

  /** By the clock of this moment: who was stopped for longer than the lease leads nothing when it goes on. */
  get leads(): boolean {
    return this.#state === "leading" && this.#now() < this.#endsAt;
  }

  /** Of the lease that is held, or was held last; 0 before the first. */
  get term(): number {
    return this.#term;
  }

  /** Milliseconds until it ends; none or less when it has. */
  get remainingMs(): number {
    return this.#endsAt - this.#now();
  }

  /**
   * Redis has granted it. False when the answer came so late that it has ended already.
   * @param askedAt when it was asked for.
   */
  take(term: number, askedAt: number): boolean {
    if (askedAt + LEASE_MS <= this.#now()) return false;
    this.#term = term;
    this.#endsAt = askedAt + LEASE_MS;
    this.#state = "leading";
    return true;
  }

  /** Redis has granted it anew. An answer to an earlier question never shortens it, and what has ended stays so. */
  renew(term: number, askedAt: number): void {
    if (!this.leads || term !== this.#term) return;
    this.#endsAt = Math.max(this.#endsAt, askedAt + LEASE_MS);
  }

  /** Gives it up, or finds that somebody else has it. */
  end(): void {
    this.#state = "standing-by";
    this.#endsAt = Number.NEGATIVE_INFINITY;
  }

  /** True once for each lease whose end the clock has brought. */
  expire(): boolean {
    if (this.#state === "standing-by" || this.leads) return false;
    this.end();
    return true;
  }
}
