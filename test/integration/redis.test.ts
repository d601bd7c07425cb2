import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { startRedis } from "../support/redis.ts";

test("startRedis() gives a server that is new enough for the state bus and keeps what it is told", async () => {
  await using server = await startRedis();
  const redis = new Redis(server.url, { maxRetriesPerRequest: 3 });
  try {
    const version = /redis_version:(\d+)/.exec(await redis.info("server"))?.[1];
    expect(Number(version)).toBeGreaterThanOrEqual(7);
    await redis.set("shunt:test", "kept");
    expect(await redis.get("shunt:test")).toBe("kept");
  } finally {
    redis.disconnect();
  }
});
