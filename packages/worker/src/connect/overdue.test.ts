import { expect, test } from "vitest";
import { until } from "../test-peers.ts";
import { Overdue, type Shared } from "./overdue.ts";

/** Overdue from a look on. */
class Waiting implements Shared {
  looks = 0;
  relieved = 0;
  readonly #from: number;
  readonly #done: () => void;
  constructor(from: number, done: () => void) {
    this.#from = from;
    this.#done = done;
  }
  isOverdue(): boolean {
    return ++this.looks >= this.#from;
  }
  relieve(): void {
    this.relieved++;
    this.#done();
  }
}

test("Overdue looks again and again while somebody waits, and relieves whoever is overdue", async () => {
  const overdue = new Overdue();
  const first: Waiting = new Waiting(3, () => overdue.delete(first));
  const other: Waiting = new Waiting(5, () => overdue.delete(other));
  overdue.add(first);
  overdue.add(other);
  await until(() => other.relieved > 0);
  expect([first.looks, first.relieved, other.looks, other.relieved]).toEqual([3, 1, 5, 1]);
  const late: Waiting = new Waiting(1, () => overdue.delete(late));
  overdue.add(late);
  await until(() => late.relieved > 0);
  expect(other.looks).toBe(5);
});
