import { REDIS_TROUBLES, type RedisTrouble } from "@shunt/core";

/** What is wrong with Redis, and since when, as people are shown it. */
export interface TroubleSeen {
  readonly reason: RedisTrouble;
  readonly says: string;
  /** ISO 8601. For people. */
  readonly since: string;
}

/** Which troubles with Redis this coordinator has at the moment; a `RedisWatch` tells of each beginning and end. */
export class Troubles {
  readonly #since = new Map<RedisTrouble, Date>();
  readonly #now: () => Date;

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** The oldest first. */
  get seen(): readonly TroubleSeen[] {
    return Array.from(this.#since, ([reason, since]) => ({
      reason,
      says: REDIS_TROUBLES[reason],
      since: since.toISOString(),
    }));
  }

  began(trouble: RedisTrouble): void {
    if (!this.#since.has(trouble)) this.#since.set(trouble, this.#now());
  }

  ended(trouble: RedisTrouble): void {
    this.#since.delete(trouble);
  }
}
