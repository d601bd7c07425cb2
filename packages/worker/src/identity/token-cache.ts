/** What is known of a token, and when: `from` inclusive, `until` exclusive, in seconds since 1970. */
export interface Finding {
  /** Undefined: the token names nobody. */
  readonly user: string | undefined;
  readonly from: number;
  readonly until: number;
}

/**
 * Findings by the text of the token, at most `capacity` of them. What was asked for of late stays: the entries
 * lie in two generations, a hit in the older moves up, and when the younger is half the capacity the older is
 * dropped whole. So a hit costs one look-up, where a list in order of use would write at each.
 */
export class TokenCache {
  readonly #half: number;
  #young = new Map<string, Finding>();
  #old = new Map<string, Finding>();

  /** @param capacity most findings held; at least 2 */
  constructor(capacity: number) {
    this.#half = Math.floor(capacity / 2);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** A finding that holds now, or undefined: never heard of, dropped, or out of its time. */
  get(token: string, nowSeconds: number): Finding | undefined {
    const finding = this.#young.get(token) ?? this.#promote(token);
    return finding !== undefined && finding.from <= nowSeconds && nowSeconds < finding.until
      ? finding
      : undefined;
  }

  set(token: string, finding: Finding): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#old.delete(token);
    this.#young.set(token, finding);
  }

  #promote(token: string): Finding | undefined {
    const finding = this.#old.get(token);
    if (finding !== undefined) this.set(token, finding);
    return finding;
  }
}
