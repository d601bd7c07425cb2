const TICK_MS = 50;
/** A power of two; deadlines further ahead than one round of the wheel are passed over until their time has come. */
const SLOTS = 1_024;
/**
 * Ticks that may pass at once. A loop that stood still for longer has not read what came meanwhile, so the rest of that
 * time is held against nobody: after a pause of a minute, octets of that minute are read before anybody is late.
 */
const MOST_TICKS = 2;
/** Ticks that are added to each time limit: of the first no more than a moment may be left, and MOST_TICKS may be due. */
const MARGIN_TICKS = 1 + MOST_TICKS;

/**
 * All time limits of an acceptor on one timer (Varghese and Lauck 1987, scheme 6): setting and clearing one is a few
 * assignments, which a connection does with every chunk. None is early; each is late by less than four ticks, and by
 * what the loop stood still.
 */
export class TimerWheel {
  /** Ticks that have passed. */
  tick = 0;
  readonly #slots: (Deadline | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #clock: () => number;
  readonly #onTick: () => void;
  /** The time that the ticks account for. */
  #accounted: number;
  #timer: NodeJS.Timeout | undefined;

  /** `clock`: milliseconds of a monotonic clock. `onTick` runs after what was due has expired. */
  constructor(clock: () => number, onTick: () => void = () => {}) {
    this.#clock = clock;
    this.#onTick = onTick;
    this.#accounted = clock();
  }

  start(): void {
    this.#accounted = this.#clock();
    this.#timer = setInterval(() => this.advance(), TICK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Lets the time that has passed pass, and expires what is due. */
  advance(): void {
    const passed = Math.floor((this.#clock() - this.#accounted) / TICK_MS);
    this.#accounted += passed * TICK_MS;
    for (let i = Math.min(passed, MOST_TICKS); i > 0; i--) {
      this.tick++;
      this.#expire(this.tick & (SLOTS - 1));
    }
    this.#onTick();
  }

  /** Milliseconds that have passed, by ticks: less what the loop stood still. */
  get now(): number {
    return this.tick * TICK_MS;
  }

  /** The tick before which `ms` from now have not passed. */
  tickIn(ms: number): number {
    return this.tick + Math.ceil(ms / TICK_MS) + MARGIN_TICKS;
  }

  /** Files a deadline under the slot of its tick. */
  file(deadline: Deadline): void {
    const slot = deadline.at & (SLOTS - 1);
    const next = this.#slots[slot];
    deadline.slot = slot;
    deadline.filedAt = deadline.at;
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
    deadline.slot = NOWHERE;
    deadline.previous = undefined;
    deadline.next = undefined;
  }

  #expire(slot: number): void {
    let deadline = this.#slots[slot];
    while (deadline !== undefined) {
      const { next } = deadline;
      if (deadline.filedAt <= this.tick) {
        this.unfile(deadline);
        // One that was put off is looked at again when its time may have come.
        if (deadline.at > this.tick) this.file(deadline);
        else deadline.expire();
      }
      // What just expired may have cleared or moved its neighbour, which then is not in this slot: start over.
      deadline = next === undefined || next.slot === slot ? next : this.#slots[slot];
    }
  }
}

const NOWHERE = -1;

/** One time limit that can be set, moved and cleared any number of times. */
export class Deadline {
  /** The tick of its wheel at which it expires. */
  at = 0;
  /** The tick that it is filed under: not behind `at`. Who puts it off, which happens with every chunk, changes `at` alone. */
  filedAt = 0;
  /** Where it is filed, if anywhere. Belongs to the wheel, as do the neighbours. */
  slot = NOWHERE;
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
    this.at = this.#wheel.tickIn(ms);
    if (this.slot !== NOWHERE) {
      if (this.at >= this.filedAt) return;
      this.#wheel.unfile(this);
    }
    this.#wheel.file(this);
  }

  clear(): void {
    if (this.slot !== NOWHERE) this.#wheel.unfile(this);
  }

  /** Called by the wheel. */
  expire(): void {
    this.#onExpire();
  }
}
