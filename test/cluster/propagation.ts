import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../support/eventually.ts";
import { SampleServer } from "../support/sample-server.ts";
import type { Cluster } from "./cluster.ts";
import { SteadyLoad } from "./steady-load.ts";

const CLIENTS_PER_HOST = 12;
const PAUSE_MS = 5;
/** How long it is looked at whether a drained server gets anything more. */
const LOOK_MS = 400;

export interface Propagation {
  /** Milliseconds from the change that was asked for until every acceptor has sent something to the new server. */
  readonly everywhere: readonly number[];
  /** Milliseconds from the change until the last request that came to the drained server. */
  readonly last: readonly number[];
  readonly requests: number;
  readonly failures: readonly string[];
}

/** A server is added and drained again and again while all acceptors are under load. */
export async function propagation(cluster: Cluster, trials: number): Promise<Propagation> {
  const arrivals: { acceptor: string; at: number }[] = [];
  // The number of a request follows that of its acceptor, which no other has.
  await using added = await SampleServer.start(
    "added",
    (request, response) => {
      const id = String(request.headers["x-request-id"]);
      arrivals.push({ acceptor: id.slice(0, id.lastIndexOf("-")), at: performance.now() });
      request.resume();
      request.on("end", () => response.end("added"));
    },
    cluster.hosts.gateway,
  );
  await using load = new SteadyLoad(cluster.urls, CLIENTS_PER_HOST, PAUSE_MS);
  await sleep(1_000);
  load.take();
  const everywhere: number[] = [];
  const last: number[] = [];
  for (let trial = 0; trial < trials; trial++) {
    arrivals.length = 0;
    const addedAt = performance.now();
    await cluster.api("POST", "/v1/pools/all/servers", { name: "added", url: added.url });
    await eventually(
      () => new Set(arrivals.map(({ acceptor }) => acceptor)).size,
      (acceptors) => acceptors >= cluster.acceptors,
    );
    everywhere.push(lastOfFirsts(arrivals) - addedAt);
    const drainedAt = performance.now();
    await cluster.api("PATCH", "/v1/pools/all/servers/added", { state: "drain" });
    await sleep(LOOK_MS);
    last.push(Math.max(0, (arrivals.at(-1)?.at ?? 0) - drainedAt));
    await cluster.api("DELETE", "/v1/pools/all/servers/added");
  }
  const { requests, failures } = load.take();
  return { everywhere, last, requests, failures };
}

/** When the last acceptor sent its first request. */
function lastOfFirsts(arrivals: readonly { readonly acceptor: string; readonly at: number }[]): number {
  const firsts = new Map<string, number>();
  for (const { acceptor, at } of arrivals) if (!firsts.has(acceptor)) firsts.set(acceptor, at);
  return Math.max(...firsts.values());
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
