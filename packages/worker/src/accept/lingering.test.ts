import { FIXED } from "@shunt/core";
import { expect, test } from "vitest";
import { Lingering } from "./lingering.ts";

test("Lingering waits on as long as octets keep coming, and not longer than it may", () => {
  const lingering = new Lingering();
  expect(lingering.begin(1_000)).toBe(FIXED.lingerQuietMs);
  expect(lingering.discarded(1, 2_000)).toBe(FIXED.lingerQuietMs);
  const end = 1_000 + FIXED.lingerMs;
  expect(lingering.discarded(1, end - FIXED.lingerQuietMs)).toBe(FIXED.lingerQuietMs);
  expect(lingering.discarded(1, end - 500)).toBe(500);
  expect(lingering.discarded(1, end + 500)).toBe(1);
});

test("Lingering sets no time before our last words have left, but counts what is thrown away", () => {
  const lingering = new Lingering();
  expect(lingering.discarded(FIXED.lingerBytes - 1, 1_000)).toBeUndefined();
  expect(lingering.isFull).toBe(false);
  lingering.begin(1_000);
  lingering.discarded(1, 1_001);
  expect(lingering.isFull).toBe(true);
});
