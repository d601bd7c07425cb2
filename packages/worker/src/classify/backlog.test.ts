import { expect, test } from "vitest";
import { Backlog } from "./backlog.ts";

test("Backlog is full at its bound, not below, and until less than half of it is left", () => {
  const turns: boolean[] = [];
  const backlog = new Backlog(() => turns.push(backlog.isFull));
  backlog.add(99, 100);
  expect(backlog.isFull).toBe(false);
  backlog.add(1, 100);
  backlog.add(50, 100);
  expect(turns).toEqual([true]);
  backlog.remove(100, 100);
  expect([backlog.isFull, backlog.octets]).toEqual([true, 50]);
  backlog.remove(1, 100);
  expect([backlog.isFull, turns]).toEqual([false, [true, false]]);
});
