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
  /** Requests that a client writes at once; it waits for all their answers before it writes the next. */
  readonly depth: number;
  /** Every request has a connection of its own. */
  readonly ownConnection: boolean;
  /** How long the servers hold back their answers. */
  readonly serverDelayMs: number;
  /** Numbers of connections, where those that are measured otherwise would mean nothing here. */
  readonly connections: readonly number[] | undefined;
}

const KIB = 1024;

export const scenarios: readonly Scenario[] = [
  scenario("get-64", "GET 64 B", "/64", 64),
  scenario("get-16k", "GET 16 KiB", "/16k", 16 * KIB),
  { ...scenario("get-1m", "GET 1 MiB", "/1m", KIB * KIB), countedByBytes: true },
  { ...scenario("post-16k", "POST 16 KiB", "/post", 64), method: "POST", requestBytes: 16 * KIB },
  {
    ...scenario("connection-64", "GET 64 B, a new connection for each", "/64", 64),
    ownConnection: true,
    connections: [32],
  },
  {
    ...scenario("pipelined-64", "GET 64 B, 16 written at once", "/64", 64),
    depth: 16,
    connections: [8, 32],
  },
  {
    ...scenario("pipelined-5ms", "GET 64 B, 16 written at once, servers that take 5 ms", "/64", 64),
    depth: 16,
    serverDelayMs: 5,
    connections: [1],
  },
];

/** Scenarios that are not a request repeated as fast as answers come: see the folders of these names. */
export const LATENCY = "latency";
export const PIPELINING = "pipelining";

export const scenarioNames: readonly string[] = [...scenarios.map(({ name }) => name), LATENCY, PIPELINING];

/** A scenario at a number of connections: one table row per target. */
export interface Cell {
  readonly scenario: Scenario;
  readonly connections: number;
}

/** What is measured of the scenarios with these names. */
export function cellsOf(names: readonly string[], connections: readonly number[]): Cell[] {
  return scenarios
    .filter(({ name }) => names.includes(name))
    .flatMap((scenario) =>
      (scenario.connections ?? connections).map((count) => ({ scenario, connections: count })),
    );
}

/**
 * Whole seconds of one measurement. Twice the usual length where a second holds too little: one connection leaves
 * the proxy idle most of the time and its CPU time is counted in ticks of 10 ms; 1 MiB makes few responses.
 */
export function secondsOf({ countedByBytes }: Scenario, connections: number, seconds: number): number {
  return connections === 1 || countedByBytes ? seconds * 2 : seconds;
}

function scenario(name: string, title: string, path: string, responseBytes: number): Scenario {
  return {
    name,
    title,
    method: "GET",
    path,
    requestBytes: 0,
    responseBytes,
    countedByBytes: false,
    depth: 1,
    ownConnection: false,
    serverDelayMs: 0,
    connections: undefined,
  };
}
