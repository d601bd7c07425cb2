import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../support/eventually.ts";
import type { Cluster, ShuntProcess } from "./cluster.ts";
import { type LoadReport, SteadyLoad } from "./steady-load.ts";

/** Clients of each host; with 40 requests a connection all of its acceptors get some. */
const CLIENTS_PER_HOST = 8;
const PAUSE_MS = 20;
/** Until what an event has set going is over. */
const SETTLE_MS = 3_000;
const CHANGES = 100;

export interface Outage extends LoadReport {
  readonly name: string;
}

/** What is done to the cluster, each in turn, while all acceptors are under load; `ms`: how long somebody is away. */
export async function outages(cluster: Cluster, ms: number): Promise<Outage[]> {
  await using load = new SteadyLoad(cluster.urls, CLIENTS_PER_HOST, PAUSE_MS);
  const seen: Outage[] = [];
  const during = async (name: string, event: () => Promise<void>): Promise<void> => {
    load.take();
    await event();
    await cluster.complete();
    await sleep(SETTLE_MS);
    seen.push({ name, ...load.take() });
  };
  await during("nothing", () => sleep(SETTLE_MS));
  await during("Redis killed and restarted empty", () => withoutRedis(cluster, ms));
  await during("leading coordinator killed", () => withoutLeader(cluster));
  await during("all coordinators killed", () => withoutCoordinators(cluster, ms));
  await during(`${CHANGES} changes of the configuration`, () => changes(cluster));
  await during("acceptors restarted in turn", () => restarts(cluster));
  return seen;
}

async function withoutRedis(cluster: Cluster, ms: number): Promise<void> {
  const before = await generation(cluster);
  await cluster.redis.kill();
  await sleep(ms);
  await cluster.redis.resume();
  // It was emptied: the leader brings back what held.
  await eventually(
    () => generation(cluster),
    (now) => now >= before,
  );
}

async function withoutLeader(cluster: Cluster): Promise<void> {
  const leader = await cluster.leader();
  leader.killAll();
  await leader.stop();
  const rest = cluster.coordinators.filter((each) => each !== leader);
  // The next one makes changes, so it leads.
  await eventually(
    () => patchWeight(cluster, 2, rest[0]),
    () => true,
  );
  await leader.start();
  await patchWeight(cluster, 1);
}

async function withoutCoordinators(cluster: Cluster, ms: number): Promise<void> {
  for (const each of cluster.coordinators) {
    each.killAll();
    await each.stop();
  }
  await sleep(ms);
  await Promise.all(cluster.coordinators.map((each) => each.start()));
}

async function changes(cluster: Cluster): Promise<void> {
  for (let i = 0; i < CHANGES; i++) await patchWeight(cluster, (i % 9) + 1);
  await patchWeight(cluster, 1);
}

/** Each is asked to drain, and its supervisor starts another in its place. */
async function restarts(cluster: Cluster): Promise<void> {
  for (const worker of cluster.workers) {
    for (const pid of worker.members("acceptor")) {
      process.kill(pid, "SIGTERM");
      await eventually(
        () => worker.members("acceptor"),
        (pids) => !pids.includes(pid),
      );
      await cluster.complete();
    }
  }
}

async function patchWeight(cluster: Cluster, weight: number, at?: ShuntProcess): Promise<void> {
  const server = cluster.servers[0]?.name;
  await cluster.api("PATCH", `/v1/pools/all/servers/${server}`, { weight }, at);
}

async function generation(cluster: Cluster): Promise<number> {
  const { generation: now } = (await cluster.api("GET", "/v1/config")) as { generation: number };
  return now;
}
