/**
 * `npm run cluster -- outages|propagation|limit|starts`: what a cluster of three hosts does when its parts go away, how soon a
 * change is everywhere, and whether a limit of the whole cluster holds; and in which orders its parts may be started.
 */
import { parseArgs } from "node:util";
import { table } from "../bench/table.ts";
import { Cluster } from "./cluster.ts";
import { limit } from "./limit.ts";
import { outages } from "./outages.ts";
import { propagation, quantile } from "./propagation.ts";
import { ORDERS, startIn } from "./starts.ts";

const USAGE = `npm run cluster -- outages [--seconds 60]
npm run cluster -- propagation [--trials 100]
npm run cluster -- limit [--requests 100000]
npm run cluster -- starts`;

process.exitCode = await main();

async function main(): Promise<number> {
  const options = {
    seconds: { type: "string", default: "60" },
    trials: { type: "string", default: "100" },
    requests: { type: "string", default: "100000" },
  } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [what] = positionals;
  if (what === "starts") return await runStarts();
  if (what !== "outages" && what !== "propagation" && what !== "limit") {
    console.error(USAGE);
    return 1;
  }
  await using cluster = await Cluster.start();
  console.log(
    `Three hosts (${cluster.hosts.kind}) with two acceptors each, two coordinators, one Redis, two servers.\n`,
  );
  switch (what) {
    case "outages":
      return await runOutages(cluster, Number(values.seconds) * 1_000);
    case "propagation":
      return await runPropagation(cluster, Number(values.trials));
    case "limit":
      return await runLimit(cluster, Number(values.requests));
    default:
      return what satisfies never;
  }
}

async function runOutages(cluster: Cluster, ms: number): Promise<number> {
  const seen = await outages(cluster, ms);
  const rows = seen.map(({ name, requests, failures, p50, p99, most }) => [
    name,
    String(requests),
    String(failures.length),
    ...[p50, p99, most].map((each) => each.toFixed(1)),
    "",
  ]);
  console.log(table(["while", "requests", "failures", "p50 ms", "p99 ms", "most ms", ""], 1, rows));
  const failures = seen.flatMap((each) => each.failures);
  for (const failure of failures.slice(0, 20)) console.log(failure);
  return failures.length === 0 ? 0 : 1;
}

async function runPropagation(cluster: Cluster, trials: number): Promise<number> {
  const { everywhere, last, requests, failures } = await propagation(cluster, trials);
  const row = (name: string, values: readonly number[]): string[] => [
    name,
    ...[0.5, 0.9, 0.99, 1].map((share) => quantile(values, share).toFixed(1)),
    "",
  ];
  const rows = [row("added: until all acceptors use it", everywhere), row("drained: its last request", last)];
  console.log(table([`${trials} trials`, "p50 ms", "p90 ms", "p99 ms", "most ms", ""], 1, rows));
  console.log(`\n${requests} requests, ${failures.length} failures`);
  for (const failure of failures.slice(0, 20)) console.log(failure);
  return failures.length === 0 ? 0 : 1;
}

async function runLimit(cluster: Cluster, requests: number): Promise<number> {
  const { limit: most, failures, ...seen } = await limit(cluster, requests);
  const row = [seen.served, seen.refused, seen.most, seen.use.toFixed(1)].map(String);
  console.log(
    table([`limit ${most}`, "served", "refused", "most at a time", "on average", ""], 1, [
      ["of the cluster", ...row, ""],
    ]),
  );
  for (const failure of failures) console.log(failure);
  return failures.length === 0 ? 0 : 1;
}

/** Each order ends well, or throws. */
async function runStarts(): Promise<number> {
  const rows: string[][] = [];
  for (const order of ORDERS) rows.push([order.join(", "), (await startIn(order)).toFixed(0), ""]);
  console.log(table(["started in the order", "serves after the last, ms", ""], 1, rows));
  return 0;
}
