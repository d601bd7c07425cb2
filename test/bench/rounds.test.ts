import { describe, expect, it } from "vitest";
import type { LoadResult } from "./load/generator.ts";
import { toSample } from "./rounds.ts";
import { type Scenario, scenarios } from "./scenarios.ts";

const result: LoadResult = {
  seconds: 2,
  requests: 1_000,
  bytes: 1_500 * 1024 * 1024,
  p50Ms: 1,
  p99Ms: 2,
  errors: {},
};

function scenario(name: string): Scenario {
  const found = scenarios.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no scenario "${name}"`);
  return found;
}

describe("toSample()", () => {
  it("divides CPU time by requests, and by seconds for the share of the core", () => {
    const sample = toSample(result, scenario("get-64"), 0.5);
    expect(sample).toMatchObject({ requestsPerSecond: 500, cpuMicros: 500, busy: 0.25, fault: undefined });
  });

  it("counts responses of 1 MiB by the bytes that came, cut-off ones in part", () => {
    expect(toSample(result, scenario("get-1m"), 1.5)).toMatchObject({
      requestsPerSecond: 750,
      cpuMicros: 1_000,
    });
  });

  it("has no latencies of requests that were written together", () => {
    expect(toSample(result, scenario("pipelined-64"), 1)).toMatchObject({
      p50Ms: undefined,
      p99Ms: undefined,
    });
    expect(toSample(result, scenario("get-64"), 1)).toMatchObject({ p50Ms: 1, p99Ms: 2 });
  });

  it("has a fault as soon as anything failed", () => {
    const failed = { ...result, errors: { timeouts: 1, "failed reads": 2 } };
    expect(toSample(failed, scenario("get-64"), 1).fault).toBe("1 timeouts, 2 failed reads");
  });

  it("has a fault when nothing was answered", () => {
    expect(toSample({ ...result, requests: 0 }, scenario("get-64"), 1).fault).toBe("no request was answered");
  });
});
