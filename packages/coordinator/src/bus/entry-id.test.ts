import { expect, test } from "vitest";
import { BEFORE_ALL, isEarlier } from "./entry-id.ts";

test("isEarlier() compares numbers, not texts", () => {
  expect(isEarlier("9-0", "10-0")).toBe(true);
  expect(isEarlier("10-0", "9-0")).toBe(false);
  expect(isEarlier("5-9", "5-10")).toBe(true);
  expect(isEarlier("5-9", "5-9")).toBe(false);
  expect(isEarlier(BEFORE_ALL, "1-0")).toBe(true);
});
