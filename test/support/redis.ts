import { spawnSync } from "node:child_process";
import { RedisContainer } from "@testcontainers/redis";
import { LocalRedis } from "./redis-server.ts";

/** A Redis for one test file: a container where a Docker engine answers, else this machine's redis-server. */
export interface TestRedis extends AsyncDisposable {
  readonly url: string;
  readonly kind: "container" | "process";
}

const IMAGE = process.env.SHUNT_REDIS_IMAGE ?? "redis:7-bookworm";

export async function startRedis(): Promise<TestRedis> {
  if (answers("docker", ["info"])) return startContainer();
  if (answers("redis-server", ["--version"])) return startProcess();
  throw new Error("No Redis for this test: install Docker, or the package redis-server");
}

async function startContainer(): Promise<TestRedis> {
  const container = await new RedisContainer(IMAGE).start();
  return {
    kind: "container",
    url: container.getConnectionUrl(),
    async [Symbol.asyncDispose]() {
      await container.stop({ timeout: 1_000 });
    },
  };
}

async function startProcess(): Promise<TestRedis> {
  const server = await LocalRedis.start();
  return { kind: "process", url: server.url, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

function answers(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore", timeout: 10_000 }).status === 0;
}
