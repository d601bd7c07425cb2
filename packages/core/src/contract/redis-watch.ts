import type { AcceptorCounters } from "./messages.ts";
import { REDIS_TROUBLES, type RedisTrouble, redisTroubleOf } from "./redis-trouble.ts";

/** Who is told when a trouble begins and ends: once each, however often it is met meanwhile. */
export interface TroubleListener {
  /** @param sentence for people. @param detail what Redis or the system said. */
  began(trouble: RedisTrouble, sentence: string, detail: string): void;
  ended(trouble: RedisTrouble, sentence: string): void;
}

/** A command that takes longer is slow, though it succeeds. */
const SLOW_MS = 500;
/** So many answers in a row are quick again before slowness has ended: one proves little. */
const QUICK_AGAIN = 10;
/** Slowness is of Redis as a whole, not of what was attempted. */
const ANSWERING = "answering";
/** Seconds. */
const BOUNDS = Object.freeze([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]);
const MOST_DETAIL = 300;

/** These slow or endanger what works; the others keep something from working. */
const MILD: ReadonlySet<RedisTrouble> = new Set(["slow", "evicting"]);
/** These are over when the connection stands, whatever was attempted on it. */
const OF_CONNECTIONS: ReadonlySet<RedisTrouble> = new Set([
  "unreachable",
  "tls_failed",
  "wrong_password",
  "too_many_clients",
  "loading",
]);

/**
 * How Redis does, as one process sees it. A trouble belongs to what was attempted, and ends when the same succeeds: one
 * right that is missing does not end and begin with each command that needs another.
 */
export class RedisWatch {
  readonly #listener: TroubleListener;
  /** By what was attempted. */
  readonly #ongoing = new Map<string, RedisTrouble>();
  readonly #errors = new Map<RedisTrouble, number>();
  readonly #durations = new Float64Array(BOUNDS.length + 1);
  #durationSum = 0;
  #quick = 0;
  /** Connections that are wanted, and whether each stands. */
  readonly #connections = new Map<string, boolean>();

  constructor(listener: TroubleListener) {
    this.#listener = listener;
  }

  /** All connections stand, and nothing keeps it from doing what it is asked. */
  get up(): boolean {
    const stands = [...this.#connections.values()];
    if (stands.length === 0 || stands.includes(false)) return false;
    return [...this.#ongoing.values()].every((trouble) => MILD.has(trouble));
  }

  get errors(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#errors);
  }

  /** Of commands that were answered. */
  get durations(): AcceptorCounters["histograms"][string] {
    return { bounds: BOUNDS, counts: [...this.#durations], sum: this.#durationSum };
  }

  /**
   * A connection stands. What kept it from that is over, for all that was attempted on it: those names begin with the
   * connection's.
   */
  connected(connection: string): void {
    this.#connections.set(connection, true);
    for (const [attempted, trouble] of [...this.#ongoing]) {
      if (attempted.startsWith(connection) && OF_CONNECTIONS.has(trouble)) this.#end(attempted);
    }
  }

  disconnected(connection: string): void {
    this.#connections.set(connection, false);
  }

  /** What was attempted worked. @param ms undefined: how long it took says nothing. */
  succeeded(attempted: string, ms: number | undefined): void {
    this.#end(attempted);
    if (ms === undefined) return;
    this.#observe(ms);
    if (ms > SLOW_MS) {
      this.#count("slow");
      this.#begin(ANSWERING, "slow", `${attempted} took ${Math.round(ms)} ms`);
    } else if (++this.#quick >= QUICK_AGAIN) {
      this.#end(ANSWERING);
    }
  }

  failed(attempted: string, error: unknown): RedisTrouble {
    const trouble = redisTroubleOf(error);
    this.#count(trouble);
    const detail = `${attempted}: ${error instanceof Error ? error.message : String(error)}`;
    this.#begin(trouble === "slow" ? ANSWERING : attempted, trouble, detail);
    return trouble;
  }

  /** Something that was looked at is so, which is counted each time, or is so no more. */
  noted(looked: string, trouble: RedisTrouble, isSo: boolean, detail: string): void {
    if (!isSo) {
      this.#end(looked);
      return;
    }
    this.#count(trouble);
    this.#begin(looked, trouble, detail);
  }

  #begin(attempted: string, trouble: RedisTrouble, detail: string): void {
    this.#quick = 0;
    if (this.#ongoing.get(attempted) === trouble) return;
    const isKnown = this.#isOngoing(trouble);
    this.#end(attempted);
    this.#ongoing.set(attempted, trouble);
    if (!isKnown) this.#listener.began(trouble, REDIS_TROUBLES[trouble], detail.slice(0, MOST_DETAIL));
  }

  #end(attempted: string): void {
    const trouble = this.#ongoing.get(attempted);
    if (trouble === undefined) return;
    this.#ongoing.delete(attempted);
    if (!this.#isOngoing(trouble)) this.#listener.ended(trouble, REDIS_TROUBLES[trouble]);
  }

  #isOngoing(trouble: RedisTrouble): boolean {
    return [...this.#ongoing.values()].includes(trouble);
  }

  #count(trouble: RedisTrouble): void {
    this.#errors.set(trouble, (this.#errors.get(trouble) ?? 0) + 1);
  }

  #observe(ms: number): void {
    const seconds = ms / 1_000;
    let bucket = 0;
    while (bucket < BOUNDS.length && seconds > (BOUNDS[bucket] as number)) bucket++;
    (this.#durations[bucket] as number) += 1;
    this.#durationSum += seconds;
  }
}
