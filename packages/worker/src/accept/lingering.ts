import { FIXED } from "@shunt/core";

/**
 * The time behind our last words (RFC 9112 section 9.6). To close over octets that nobody has read would reset the
 * connection, and a reset takes from the client what it has not read yet: the answer that tells it to stop. So what
 * still comes is read and thrown away, as long as it keeps coming, within bounds of time and of octets.
 */
export class Lingering {
  #octets = 0;
  /** When it has to be over; undefined while our last words have not left. */
  #until: number | undefined;

  /** Our last words and FIN have left. Returns for how many milliseconds to wait for whatever comes. */
  begin(now: number): number {
    this.#until = now + FIXED.lingerMs;
    return FIXED.lingerQuietMs;
  }

  /** Octets were thrown away. Returns for how many milliseconds to wait for more; undefined: as long as is set. */
  discarded(octets: number, now: number): number | undefined {
    this.#octets += octets;
    if (this.#until === undefined) return undefined;
    return Math.max(1, Math.min(FIXED.lingerQuietMs, this.#until - now));
  }

  /** More than anybody sends before it looks for an answer: no more of it is read. */
  get isFull(): boolean {
    return this.#octets >= FIXED.lingerBytes;
  }
}
