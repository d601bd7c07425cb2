import { expect, test } from "vitest";
import { restartDelayMs } from "./backoff.ts";

test("restartDelayMs() waits not at all the first time, then doubling, and never above 5 s", () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 2_000].map(restartDelayMs)).toEqual([
    0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000,
  ]);
});
