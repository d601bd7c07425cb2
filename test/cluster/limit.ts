import { CountingServer } from "../support/counting-server.ts";
import { eventually } from "../support/eventually.ts";
import { SteadyLoad } from "../support/steady-load.ts";
import type { Cluster } from "./cluster.ts";

const LIMIT = 10;
const SERVICE_MS = 10;
/** More than twice what the limit lets through. */
const CLIENTS_PER_HOST = 8;
/** So many requests until the shares of those who want more than there is have settled. */
const WARM_UP = 300;
/** Of a limit that is not in use nothing is shown. How much of it is, is up to the machine, too. */
const LEAST_USE = LIMIT / 4;

export interface LimitReport {
  readonly limit: number;
  readonly served: number;
  /** With 503, as somebody else has what there is. */
  readonly refused: number;
  /** Requests in flight at the server: the most there ever were, and their average. */
  readonly most: number;
  readonly use: number;
  readonly failures: readonly string[];
}

/** The pool has one server, with a limit of the whole cluster, and more clients than it may have requests ask all acceptors. */
export async function limit(cluster: Cluster, requests: number): Promise<LimitReport> {
  await using server = await CountingServer.start(SERVICE_MS, cluster.hosts.gateway);
  const settings = { outstanding: LIMIT, scope: "cluster" };
  await cluster.api("POST", "/v1/pools/all/servers", { name: "limited", url: server.url, limit: settings });
  await setOthers(cluster, "maintenance");
  const loads = cluster.urls.map((url) => new SteadyLoad(url, CLIENTS_PER_HOST));
  const served = async (more: number): Promise<void> => {
    for (let before = server.served, last = before; last < before + more; last = server.served)
      await eventually(
        () => server.served,
        (count) => count > last,
      );
  };
  await served(WARM_UP);
  const [busyMs, since] = [server.busyMs, performance.now()];
  await served(requests - WARM_UP);
  const use = (server.busyMs - busyMs) / (performance.now() - since);
  for (const load of loads) await load[Symbol.asyncDispose]();
  await setOthers(cluster, "ready");
  await cluster.api("DELETE", "/v1/pools/all/servers/limited");
  const refused = loads.reduce((sum, load) => sum + load.count(503), 0);
  const failures = loads.flatMap(failuresOf);
  if (use < LEAST_USE) failures.push(`of ${LIMIT} requests ${use.toFixed(1)} were in flight on average`);
  if (server.most > LIMIT) failures.push(`${server.most} requests were in flight, the limit is ${LIMIT}`);
  return { limit: LIMIT, served: server.served, refused, most: server.most, use, failures };
}

async function setOthers(cluster: Cluster, state: "maintenance" | "ready"): Promise<void> {
  for (const { name } of cluster.servers)
    await cluster.api("PATCH", `/v1/pools/all/servers/${name}`, { state });
}

function failuresOf({ statuses, broken }: SteadyLoad): string[] {
  const others = [...statuses].filter(([status]) => status !== 200 && status !== 503);
  const failures = others.map(([status, count]) => `${count} answers with status ${status}`);
  return broken === 0 ? failures : [...failures, `${broken} connections that broke`];
}
