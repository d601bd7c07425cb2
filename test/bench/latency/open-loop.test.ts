import { describe, expect, it } from "vitest";
import { readResult } from "./open-loop.ts";

const printed = {
  p50Ms: 0.1,
  p99Ms: 0.5,
  p999Ms: 2,
  mostMs: 3,
  lateP99Ms: 0.2,
  requests: 100,
  answered: 100,
  refused: 0,
  closed: 0,
};

describe("readResult()", () => {
  it("finds no fault when every request was answered with 200", () => {
    expect(readResult(printed)).toEqual({
      p50Ms: 0.1,
      p99Ms: 0.5,
      p999Ms: 2,
      mostMs: 3,
      lateP99Ms: 0.2,
      fault: undefined,
    });
  });

  it("has a fault when a request was not answered, or not with 200", () => {
    expect(readResult({ ...printed, answered: 98, refused: 3 }).fault).toBe(
      "3 answers other than 200, 2 of 100 requests not answered",
    );
  });
});
