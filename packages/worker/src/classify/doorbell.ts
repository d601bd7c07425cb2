/** Whose turn it is with the batch that the event loop and a classifier thread share. */
const TURN = Object.freeze({
  /** The thread's: it loads its rules, or judges the batch. */
  THREAD: 0,
  /** The loop's: the thread waits. */
  LOOP: 1,
  /** Nobody's any more: the thread comes to its end. */
  OVER: 2,
} as const);

/**
 * How the loop and a thread wake each other: one word in shared memory. The thread, which has nothing else to do, blocks on it;
 * the loop is told by a promise, as it has sockets to wait for too. Nothing is copied, and no message is made: what a turn is
 * about lies in the batch. Both sides make one over the same memory; the first turn is the thread's.
 */
export class Doorbell {
  readonly memory: SharedArrayBuffer;
  readonly #turn: Int32Array<SharedArrayBuffer>;
  #answered: () => void = () => {};

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#turn = new Int32Array(memory);
  }

  // The loop.

  /** Gives the turn to the thread. */
  ring(): void {
    this.#pass(TURN.THREAD);
  }

  /**
   * Calls `answered` once the turn is not the thread's any more, never at once. Waiting begins when the callback that rang is
   * through: what it still has to write takes as long as many a batch, and who has answered by then need not wake the loop.
   */
  awaitAnswer(answered: () => void): void {
    this.#answered = answered;
    queueMicrotask(this.#wait);
  }

  /** Sends the thread home, and lets go of whoever waits for its answer. */
  end(): void {
    this.#pass(TURN.OVER);
  }

  readonly #wait = (): void => {
    // Mostly the thread is through by now, and asking costs a tenth of waiting.
    if (Atomics.load(this.#turn, 0) !== TURN.THREAD) {
      this.#answered();
      return;
    }
    const { async, value } = Atomics.waitAsync(this.#turn, 0, TURN.THREAD);
    if (async) void value.then(this.#answered);
    else this.#answered();
  };

  // The thread.

  /** Gives the turn back, and blocks until the bell rings. Returns false when it rings for the end. */
  answer(): boolean {
    this.#pass(TURN.LOOP);
    while (Atomics.load(this.#turn, 0) === TURN.LOOP) Atomics.wait(this.#turn, 0, TURN.LOOP);
    return Atomics.load(this.#turn, 0) === TURN.THREAD;
  }

  #pass(turn: number): void {
    Atomics.store(this.#turn, 0, turn);
    Atomics.notify(this.#turn, 0);
  }
}
