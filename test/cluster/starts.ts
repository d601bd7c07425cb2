import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/ports.ts";
import { LocalRedis } from "../support/redis-server.ts";
import { SampleServer } from "../support/sample-server.ts";
import { SHUNT } from "../support/shunt.ts";
import { ShuntProcess } from "./cluster.ts";

type Part = "redis" | "coordinator" | "worker";
export type Order = readonly [Part, Part, Part];

/** All in which they can come. */
export const ORDERS: readonly Order[] = [
  ["redis", "coordinator", "worker"],
  ["redis", "worker", "coordinator"],
  ["coordinator", "redis", "worker"],
  ["coordinator", "worker", "redis"],
  ["worker", "redis", "coordinator"],
  ["worker", "coordinator", "redis"],
];

const TOKEN = "a-token-for-tests-of-starts";

/**
 * Starts the parts of a cluster one after the other: the next one when the one before serves, or says that it waits. Resolves
 * when the worker answers requests and the coordinator knows that it does, with the milliseconds since the last part came.
 */
export async function startIn(order: Order): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "shunt-starts-"));
  const [redisPort, webPort] = [await freePort(), await freePort()];
  const url = `redis://127.0.0.1:${redisPort}`;
  await using server = await SampleServer.start("s1");
  const file = join(directory, "shunt.config.json");
  const config = {
    listeners: { web: { host: "127.0.0.1", port: webPort } },
    acceptors: 1,
    pools: { all: { servers: { s1: { url: server.url } } } },
    classes: { all: { pool: "all" } },
    defaultClass: "all",
    log: { level: "info", access: "off" },
    timeouts: { drainMs: 1_000, classifyMs: 5_000 },
    admin: { host: "127.0.0.1", port: 0, token: { env: "SHUNT_TOKEN" } },
    state: { kind: "redis", url, path: join(directory, "coordinator") },
  };
  writeFileSync(file, JSON.stringify(config));
  const newProcess = (name: string, ...args: string[]): ShuntProcess =>
    new ShuntProcess(name, join(directory, name), [process.execPath, SHUNT, name, ...args], {
      ...process.env,
      SHUNT_TOKEN: TOKEN,
    });
  const coordinator = newProcess("coordinator", "-c", file);
  const worker = newProcess("worker", "--state", url, "--path", join(directory, "worker"));
  const starts = { redis: startRedis, coordinator: () => coordinator.start(), worker: startWorker };
  let redis: LocalRedis | undefined;
  let serving: Promise<void> | undefined;

  async function startRedis(): Promise<void> {
    redis = await LocalRedis.start([], redisPort);
  }

  async function startWorker(): Promise<void> {
    serving = worker.start();
    // Whoever waits for it hears of it.
    serving.catch(() => {});
    await eventually(
      () => worker.ready !== "" || worker.errors.includes('"msg":"waiting for '),
      (hasSpoken) => hasSpoken,
    );
  }

  try {
    let last = 0;
    for (const part of order) {
      last = performance.now();
      await starts[part]();
    }
    await serving;
    await eventually(
      () => fetch(`http://127.0.0.1:${webPort}/x`, { headers: { connection: "close" } }),
      ({ status }) => status === 200,
    );
    const ms = performance.now() - last;
    const admin = /admin (\S+)$/.exec(coordinator.ready)?.[1] ?? "";
    await eventually(
      () => fetch(`${admin}/readyz`),
      ({ status }) => status === 200,
    );
    return ms;
  } finally {
    await Promise.all([coordinator.stop(), worker.stop()]);
    await redis?.[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}
