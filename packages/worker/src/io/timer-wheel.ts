/** How coarse timeouts are: none is early, and each is late by less than two ticks. */
const TICK_MS = 50;
/** A power of two; deadlines further ahead than one round of the wheel are passed over until their time has come. */
const SLOTS = 1_024;

/**
 * All timeouts of an acceptor on one timer (Varghese and Lauck 1987, scheme 6): setting and clearing one is a few
 * assignments, which a connection does with every chunk.
 */
export class TimerWheel {
  /** Milliseconds of a monotonic clock, as of the last tick. */
  now: number;
  readonly #slots: (Deadline | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #clock: () => number;
  readonly #onTick: () => void;
  #tick = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: () => number, onTick: () => void = () => {}) {
    this.#clock = clock;
    this.#onTick = onTick;
    this.now = clock();
  }

  start(): void {
    this.now = this.#clock();
    this.#tick = Math.floor(this.now / TICK_MS);
    this.#timer = setInterval(() => this.advance(), TICK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Expires what is due. The loop may have been late: every tick since the last is made up for. */
  advance(): void {
    this.now = this.#clock();
    const last = Math.floor(this.now / TICK_MS);
    const first = Math.max(this.#tick + 1, last - SLOTS + 1);
    for (this.#tick = first; this.#tick <= last; this.#tick++) this.#expire(this.#tick & (SLOTS - 1));
    this.#tick = last;
    this.#onTick();
  }

  /** Files a deadline under the slot of its time. */
  file(deadline: Deadline): void {
    const slot = Math.ceil(deadline.at / TICK_MS) & (SLOTS - 1);
    const next = this.#slots[slot];
    deadline.slot = slot;
    deadline.previous = undefined;
    deadline.next = next;
    if (next !== undefined) next.previous = deadline;
    this.#slots[slot] = deadline;
  }

  unfile(deadline: Deadline): void {
    const { previous, next } = deadline;
    if (previous !== undefined) previous.next = next;
    else this.#slots[deadline.slot] = next;
    if (next !== undefined) next.previous = previous;
    deadline.slot = -1;
    deadline.previous = undefined;
    deadline.next = undefined;
  }

  #expire(slot: number): void {
    let deadline = this.#slots[slot];
    while (deadline !== undefined) {
      const { next } = deadline;
      if (deadline.at <= this.now) {
        this.unfile(deadline);
        deadline.expire();
      }
      // What just expired may have cleared its neighbour, which then is in no slot: start over.
      deadline = next === undefined || next.slot === slot ? next : this.#slots[slot];
    }
  }
}

/** One timeout that can be set, moved and cleared any number of times. */
export class Deadline {
  /** When it expires, on the wheel's clock. */
  at = 0;
  /** Where it is filed; -1 is nowhere. Belongs to the wheel, as do the neighbours. */
  slot = -1;
  previous: Deadline | undefined;
  next: Deadline | undefined;
  readonly #wheel: TimerWheel;
  readonly #onExpire: () => void;

  constructor(wheel: TimerWheel, onExpire: () => void) {
    this.#wheel = wheel;
    this.#onExpire = onExpire;
  }

  /** Expires in `ms` from now, unless it is set again or cleared before; 0 is never. */
  set(ms: number): void {
    if (ms === 0) {
      this.clear();
      return;
    }
    // The wheel's time is that of the last tick, up to one tick ago.
    const at = this.#wheel.now + TICK_MS + ms;
    // Moving by less than a tick is not worth the work: with every chunk it would be.
    if (this.slot >= 0 && Math.abs(at - this.at) < TICK_MS) return;
    if (this.slot >= 0) this.#wheel.unfile(this);
    this.at = at;
    this.#wheel.file(this);
  }

  clear(): void {
    if (this.slot >= 0) this.#wheel.unfile(this);
  }

  get armed(): boolean {
    return this.slot >= 0;
  }

  expire(): void {
    this.#onExpire();
  }
}
