import { world } from "./world.ts";

const bells = new Map<SharedArrayBuffer, Doorbell>();

/** Stands in for the doorbell of a thread: the yard's one thread is this one, and judges a batch in the turn behind. */
export class Doorbell {
  readonly memory = new SharedArrayBuffer(4);
  #judge: (() => void) | undefined;
  #answered: () => void = () => {};

  static of(memory: SharedArrayBuffer): Doorbell | undefined {
    return bells.get(memory);
  }

  constructor() {
    bells.set(this.memory, this);
  }

  /** From now on `judge` is what happens when the bell rings. */
  answerBy(judge: () => void): void {
    this.#judge = judge;
    this.#answered();
  }

  ring(): void {}

  awaitAnswer(answered: () => void): void {
    this.#answered = answered;
    if (this.#judge === undefined) return;
    const judge = this.#judge;
    world.soon(() => {
      judge();
      answered();
    });
  }

  end(): void {
    bells.delete(this.memory);
  }
}
