import type { ShareUse } from "../contract/messages.ts";

/** Demand that was seen is remembered for so long until half of it is forgotten: traffic comes in waves. */
const DEMAND_HALVES_MS = 1_000;

/** A share, and the number of the first grant that said so. */
interface Granted {
  readonly from: number;
  readonly share: number;
}

/** One acceptor at one limit, as the leader knows it. */
export class Position {
  /** By its last report. */
  outstanding = 0;
  /** Since when its share is none, or not none. */
  since: number;
  /** All that it may still go by, oldest first; the last is what it was granted last. */
  #granted: Granted[] = [{ from: 0, share: 0 }];
  #demand = 0;
  #demandAt: number;

  constructor(now: number) {
    this.since = now;
    this.#demandAt = now;
  }

  get share(): number {
    return (this.#granted.at(-1) as Granted).share;
  }

  /** The most that it can have outstanding. */
  get exposure(): number {
    return this.#granted.reduce((most, { share }) => Math.max(most, share), this.outstanding);
  }

  /** Nothing hangs on it any more. */
  get isVoid(): boolean {
    return this.exposure === 0;
  }

  /** Requests that it would have outstanding if it could. */
  demand(now: number): number {
    return Math.round(this.#demandLeft(now));
  }

  /** Grants with numbers below `granted` are used no more. `limit` bounds what one acceptor can ask for. */
  heard({ outstanding, refused }: ShareUse, granted: number, limit: number, now: number): void {
    this.outstanding = outstanding;
    while (this.#granted.length > 1 && (this.#granted[1] as Granted).from <= granted) this.#granted.shift();
    const wanted = Math.min(limit, outstanding + refused);
    this.#demand = Math.max(wanted, this.#demandLeft(now));
    this.#demandAt = now;
  }

  grant(share: number, from: number, now: number): void {
    if (share === this.share) return;
    if ((share === 0) !== (this.share === 0)) this.since = now;
    this.#granted.push({ from, share });
  }

  /** It says what it holds by the grants of whoever led before. */
  inherit(share: number): void {
    this.#granted = [{ from: 0, share }];
  }

  /** It holds no more than this, and whatever it was sent raises it no higher. */
  confirmed(share: number): void {
    this.#granted = this.#granted.map((each) => ({ ...each, share: Math.min(each.share, share) }));
  }

  #demandLeft(now: number): number {
    return this.#demand * 0.5 ** ((now - this.#demandAt) / DEMAND_HALVES_MS);
  }
}
