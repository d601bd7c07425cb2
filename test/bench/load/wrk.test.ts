import { describe, expect, it } from "vitest";
import { parseWrk } from "./wrk.ts";

/** What wrk 4.1 prints around the line of wrk.lua. */
function outputWith(result: string): string {
  return `Running 1s test @ http://127.0.0.1:44723
  1 threads and 4 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   173.94us    0.87ms  14.48ms   96.74%
    Req/Sec    88.84k    25.92k  112.12k    90.91%
  Latency Distribution
     50%   35.00us
     99%    3.53ms
  97016 requests in 1.10s, 11.47MB read
Requests/sec:  88227.64
Transfer/sec:     10.43MB
${result}
`;
}

const counts = { microseconds: 1_099_610, requests: 97_016, bytes: 12_029_984, p50: 35, p99: 3_526 };
const noErrors = { connect: 0, read: 0, write: 0, timeout: 0, status: 0 };

describe("parseWrk()", () => {
  it("reads the result line in seconds and milliseconds, and names no errors where there are none", () => {
    expect(parseWrk(outputWith(`result ${JSON.stringify({ ...counts, ...noErrors })}`))).toEqual({
      seconds: 1.09961,
      requests: 97_016,
      bytes: 12_029_984,
      p50Ms: 0.035,
      p99Ms: 3.526,
      errors: {},
    });
  });

  it("names each kind of error that happened", () => {
    const output = outputWith(`result ${JSON.stringify({ ...counts, ...noErrors, timeout: 2, status: 7 })}`);
    expect(parseWrk(output).errors).toEqual({ timeouts: 2, "answers of 400 and above": 7 });
  });

  it("refuses an output without the line, as when nobody listens", () => {
    expect(() => parseWrk("unable to connect to 127.0.0.1:1 Connection refused\n")).toThrow(
      'expected a line "result',
    );
  });

  it("refuses a line without one of the counts, rather than take it for 0", () => {
    const { status: _, ...incomplete } = noErrors;
    const output = outputWith(`result ${JSON.stringify({ ...counts, ...incomplete })}`);
    expect(() => parseWrk(output)).toThrow('expected a number as "status"');
  });
});
