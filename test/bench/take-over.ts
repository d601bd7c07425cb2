import { busNames, type ResolvedRedis, readLease } from "@shunt/core";
import { Redis } from "ioredis";
import { CoordinatorProcess } from "../support/coordinator-process.ts";
import { delay } from "../support/eventually.ts";
import { startRedis } from "../support/redis.ts";
import { redisState } from "../support/redis-state.ts";
import { TcpGate } from "../support/tcp-gate.ts";

/**
 * How long nobody leads: from when the leader is killed, stopped or cut off until the first table of loads of the next one.
 * `node test/bench/take-over.ts [trials] [killed|stopped|cut]...`
 */
const [, , count = "20", ...wanted] = process.argv;
const trials = Number(count);
const LOOK_MS = 5;

await using server = await startRedis();
const redis = new Redis(server.url);
const state = redisState(server.url);
const names = busNames(state.prefix);
const gate = await TcpGate.to(Number(new URL(server.url).port));

const term = async (): Promise<number> => readLease((await redis.get(names.lease)) ?? "")?.term ?? 0;

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(LOOK_MS);
}

type Fault = "killed" | "stopped" | "cut";

async function trial(fault: Fault): Promise<{ lease: number; published: number }> {
  const way: ResolvedRedis =
    fault === "cut" ? { ...state, nodes: [{ host: "127.0.0.1", port: gate.port }] } : state;
  await using leader = await CoordinatorProcess.start(way);
  await until(() => leader.leads());
  await using standby = await CoordinatorProcess.start(state);
  await until(async () => (await standby.get<{ leader?: string }>("/v1/coordinator")).leader !== undefined);
  // Anywhere between two renewals.
  await delay(Math.random() * 500);
  const before = await term();
  const since = performance.now();
  if (fault === "cut") gate.cut();
  else leader.child.kill(fault === "killed" ? "SIGKILL" : "SIGSTOP");
  await until(async () => (await term()) > before);
  const lease = performance.now() - since;
  await until(async () => ((await redis.hget(names.versions, "load")) ?? "").startsWith(`${before + 1}.`));
  const published = performance.now() - since;
  await standby.end("SIGTERM");
  gate.mend();
  return { lease, published };
}

for (const fault of ["killed", "stopped", "cut"] as const) {
  if (wanted.length > 0 && !wanted.includes(fault)) continue;
  const seen: { lease: number; published: number }[] = [];
  for (let at = 0; at < trials; at++) seen.push(await trial(fault));
  for (const measure of ["lease", "published"] as const) {
    const times = seen.map((one) => Math.round(one[measure])).sort((a, b) => a - b);
    const at = (part: number): number => times[Math.ceil(part * times.length) - 1] ?? 0;
    process.stdout.write(
      `${fault}, ${measure}: least ${times[0]} median ${at(0.5)} most ${at(1)} ms (${times.join(" ")})\n`,
    );
  }
}
redis.disconnect();
await gate[Symbol.asyncDispose]();
