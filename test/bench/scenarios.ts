/** A kind of request that is repeated for the length of a round. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  /** Content of the request; 0 is none. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  /**
   * Count responses by the bytes received, so that one cut off by the end of a round counts in part. Needed
   * where a round holds only a few whole responses per connection.
   */
  readonly countedByBytes: boolean;
}

const KIB = 1024;

export const scenarios: readonly Scenario[] = [
  scenario("get-64", "GET 64 B", "/64", 64),
  scenario("get-16k", "GET 16 KiB", "/16k", 16 * KIB),
  { ...scenario("get-1m", "GET 1 MiB", "/1m", KIB * KIB), countedByBytes: true },
  { ...scenario("post-16k", "POST 16 KiB", "/post", 64), method: "POST", requestBytes: 16 * KIB },
];

/** The scenario that is not a repeated request; see pipelining/. */
export const PIPELINING = "pipelining";

export const scenarioNames: readonly string[] = [...scenarios.map(({ name }) => name), PIPELINING];

/**
 * Whole seconds of one measurement. Twice the usual length where a second holds too little: one connection leaves
 * the proxy idle most of the time and its CPU time is counted in ticks of 10 ms; 1 MiB makes few responses.
 */
export function secondsOf({ countedByBytes }: Scenario, connections: number, seconds: number): number {
  return connections === 1 || countedByBytes ? seconds * 2 : seconds;
}

function scenario(name: string, title: string, path: string, responseBytes: number): Scenario {
  return { name, title, method: "GET", path, requestBytes: 0, responseBytes, countedByBytes: false };
}
