import { expect, test } from "vitest";
import { isNewer } from "./snapshot.ts";

test("isNewer() orders by term first, then by generation, and nothing is newer than itself", () => {
  const inOrder = [
    { term: 0, generation: 9 },
    { term: 1, generation: 2 },
    { term: 1, generation: 3 },
    { term: 2, generation: 1 },
  ];
  for (const [i, a] of inOrder.entries())
    for (const [j, b] of inOrder.entries()) expect(isNewer(a, b)).toBe(i > j);
});
