import { afterAll, beforeAll, expect, test } from "vitest";
import { Cluster } from "../cluster/cluster.ts";
import { limit } from "../cluster/limit.ts";
import { outages } from "../cluster/outages.ts";
import { propagation } from "../cluster/propagation.ts";

/**
 * Three hosts with two acceptors each, two coordinators, one Redis, under constant load. `npm run cluster` does the same
 * for longer, and tells the times.
 */
const AWAY_MS = 4_000;
const TRIALS = 3;
const LIMITED_REQUESTS = 3_000;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.start();
}, 120_000);

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
}, 60_000);

test("a cluster fails no request while servers are added, drained and removed", async () => {
  const { requests, failures } = await propagation(cluster, TRIALS);
  expect(failures).toEqual([]);
  expect(requests).toBeGreaterThan(100);
}, 120_000);

test("a limit of the whole cluster is not exceeded by the acceptors of three hosts, and is in use", async () => {
  expect((await limit(cluster, LIMITED_REQUESTS)).failures).toEqual([]);
}, 120_000);

test("a cluster fails no request while Redis, the leader, all coordinators and every acceptor go away in turn", async () => {
  for (const { name, requests, failures } of await outages(cluster, AWAY_MS)) {
    expect({ name, failures }).toEqual({ name, failures: [] });
    expect(requests).toBeGreaterThan(100);
  }
}, 300_000);
