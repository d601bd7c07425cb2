import { expect, test } from "vitest";
import { ANSWER_BOUNDS_MS, AnswerTimes } from "./answer-times.ts";

test("AnswerTimes counts an answer in the first bucket whose bound it does not exceed, and beyond the last in one more", () => {
  const times = new AnswerTimes();
  for (const ms of [0, 1, 1.01, 30, 10_000, 10_001, 1e9]) times.note(ms);
  expect(times.counts).toEqual([2, 1, 0, 1, 0, 0, 0, 0, 1, 2]);
  expect(times.counts).toHaveLength(ANSWER_BOUNDS_MS.length + 1);
  expect(times.sumMs).toBeCloseTo(1e9 + 20_033.01, 2);
});
