import { spawnSync } from "node:child_process";
import { RedisContainer } from "@testcontainers/redis";
import { getContainerRuntimeClient } from "testcontainers";
import { freePort } from "./ports.ts";
import { LocalRedis } from "./redis-server.ts";

/** A Redis for one test file: a container where a Docker engine answers, else this machine's redis-server. */
export interface TestRedis extends AsyncDisposable {
  readonly url: string;
  readonly kind: "container" | "process";
  /** It stops answering, and nobody is told. */
  pause(): Promise<void>;
  unpause(): Promise<void>;
  kill(): Promise<void>;
  /** Again after a kill, on the same port, and empty. */
  start(): Promise<void>;
  /** Its network is gone: nothing passes, and nobody is told. */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

const IMAGE = process.env.SHUNT_REDIS_IMAGE ?? "redis:7-bookworm";

/** @param options of redis-server, as on its command line. */
export async function startRedis(options: readonly string[] = []): Promise<TestRedis> {
  if (answers("docker", ["info"])) return startContainer(options);
  if (answers("redis-server", ["--version"])) return startProcess(options);
  throw new Error("No Redis for this test: install Docker, or the package redis-server");
}

async function startContainer(options: readonly string[]): Promise<TestRedis> {
  // A port of its own: the system's choice would be another after each start.
  const started = await new RedisContainer(IMAGE)
    .withExposedPorts({ container: 6379, host: await freePort() })
    .withCommand(["redis-server", "--save", "", ...options])
    .start();
  const client = await getContainerRuntimeClient();
  const container = client.container.getById(started.getId());
  const network = client.network.getById("bridge");
  return {
    kind: "container",
    url: started.getConnectionUrl(),
    pause: () => container.pause(),
    unpause: () => container.unpause(),
    kill: () => container.kill(),
    start: () => container.start(),
    cut: async () => await network.disconnect({ Container: started.getId() }),
    mend: async () => await network.connect({ Container: started.getId() }),
    async [Symbol.asyncDispose]() {
      await started.stop({ timeout: 1_000 });
    },
  };
}

async function startProcess(options: readonly string[]): Promise<TestRedis> {
  const server = await LocalRedis.start(options);
  return {
    kind: "process",
    url: server.url,
    pause: async () => server.pause(),
    unpause: async () => server.unpause(),
    kill: () => server.kill(),
    start: () => server.resume(),
    cut: async () => server.pause(),
    mend: async () => server.unpause(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function answers(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore", timeout: 10_000 }).status === 0;
}
