import { describe, expect, it } from "vitest";
import { parseAutocannon } from "./autocannon.ts";

const result = {
  duration: 1.02,
  requests: { total: 9_000, average: 8_823 },
  throughput: { total: 1_500_000 },
  latency: { p50: 3, p99: 11 },
  errors: 0,
  timeouts: 0,
  non2xx: 0,
};

describe("parseAutocannon()", () => {
  it("reads counts, length and latencies", () => {
    expect(parseAutocannon(JSON.stringify(result))).toEqual({
      seconds: 1.02,
      requests: 9_000,
      bytes: 1_500_000,
      p50Ms: 3,
      p99Ms: 11,
      errors: {},
    });
  });

  it("tells timeouts, which it counts among the errors too, from other failures", () => {
    const output = JSON.stringify({ ...result, errors: 5, timeouts: 2, non2xx: 1 });
    expect(parseAutocannon(output).errors).toEqual({
      "failed requests": 3,
      timeouts: 2,
      "answers other than 2xx": 1,
    });
  });
});
