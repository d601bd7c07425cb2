/** Something with octets to write at the end of a turn. */
export interface Flushable {
  flush(): void;
}

/**
 * One turn of the event loop: sockets are read first, then, at its end, what was read is classified, and what is to
 * be sent leaves with one write per socket. A system call costs several microseconds, whatever it carries.
 */
export class Turn {
  /** Turns that have ended. */
  number = 0;
  /** When this turn began. */
  startedAt = 0;
  /** Kept from turn to turn: its first `#count` are to be flushed. */
  readonly #dirty: (Flushable | undefined)[] = [];
  #count = 0;
  readonly #beforeWrites: () => void;
  readonly #clock: () => number;
  #scheduled = false;
  #ending = false;

  /** `beforeWrites` runs once at the end of each turn; what it wants to be written leaves in the same turn. */
  constructor(beforeWrites: () => void, clock: () => number) {
    this.#beforeWrites = beforeWrites;
    this.#clock = clock;
  }

  /** Makes sure that this turn has an end. */
  touch(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.startedAt = this.#clock();
    setImmediate(this.#end);
  }

  /** Flushes `flushable` at the end of this turn, the running end included; it adds itself once. */
  add(flushable: Flushable): void {
    this.#dirty[this.#count++] = flushable;
    if (!this.#ending) this.touch();
  }

  readonly #end = (): void => {
    this.#scheduled = false;
    this.#ending = true;
    this.#beforeWrites();
    // Flushing may dirty another socket (whoever waited for room now sends): the count is read each time.
    for (let i = 0; i < this.#count; i++) {
      const flushable = this.#dirty[i] as Flushable;
      this.#dirty[i] = undefined;
      flushable.flush();
    }
    this.#count = 0;
    this.#ending = false;
    this.number++;
  };
}
