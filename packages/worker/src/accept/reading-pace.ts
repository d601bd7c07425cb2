import { FIXED } from "@shunt/core";
import type { Outbox } from "../io/outbox.ts";

/** Of what is to be sent: how many octets there ever were, and how many of them the kernel has taken. */
type Flow = Pick<Outbox, "pushed" | "taken">;

/**
 * How fast a client takes what it is sent. The kernel takes octets for it, in lumps, so this sees less than the client's
 * own reading; but what we hold in memory is exactly what the kernel has not taken. Time counts only while octets wait:
 * where those that were there at the last look are gone, nothing was owed, or it was paid.
 */
export class ReadingPace {
  // At the last look.
  #pushed = 0;
  #taken = 0;
  // When the window began.
  #since = 0;
  #pushedBefore = 0;
  #takenBefore = 0;

  /** Whether nothing was taken of what waited when this was last asked. */
  stalled({ pushed, taken }: Flow): boolean {
    const stalled = taken === this.#taken && this.#pushed > this.#taken;
    this.#pushed = pushed;
    this.#taken = taken;
    return stalled;
  }

  /** Whether octets have waited for a window, in which fewer than `perSecond` were taken; the next begins with it. */
  isSlow({ pushed, taken }: Flow, perSecond: number, now: number): boolean {
    const ms = now - this.#since;
    const waited = taken < this.#pushedBefore;
    if (waited && ms < FIXED.paceMs) return false;
    const slow = waited && (taken - this.#takenBefore) * 1_000 < perSecond * ms;
    this.#since = now;
    this.#pushedBefore = pushed;
    this.#takenBefore = taken;
    return slow;
  }
}
