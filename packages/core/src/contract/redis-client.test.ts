import { expect, describe as group, test } from "vitest";
import type { ResolvedRedis } from "../config/resolved.ts";
import { reconnectDelay, redisClientOptions } from "./redis-client.ts";

const REDIS: ResolvedRedis = {
  kind: "redis",
  path: "/p",
  prefix: "shunt",
  mode: "standalone",
  nodes: [{ host: "a", port: 1 }],
  master: undefined,
  database: 2,
  user: undefined,
  password: undefined,
  secure: false,
  tls: undefined,
};
const TLS = { ca: "CA", cert: undefined, key: undefined, servername: "redis" };

group("redisClientOptions()", () => {
  test("queues nothing and sends nothing twice, whatever the address", () => {
    for (const mode of ["standalone", "sentinel", "cluster"] as const) {
      expect(redisClientOptions({ ...REDIS, mode }, "acceptor")).toMatchObject({
        db: 2,
        connectionName: "shunt-acceptor",
        enableOfflineQueue: false,
        autoResendUnfulfilledCommands: false,
        maxRetriesPerRequest: 0,
      });
    }
  });

  test("names one server, or the Sentinels and what they call it", () => {
    expect(redisClientOptions(REDIS, "x")).toMatchObject({ host: "a", port: 1 });
    const sentinel = redisClientOptions({ ...REDIS, mode: "sentinel", master: "main" }, "x");
    expect(sentinel).toMatchObject({ sentinels: [{ host: "a", port: 1 }], name: "main" });
    expect(sentinel).not.toHaveProperty("host");
  });

  test("encrypts, to Sentinels as well, where the address says so", () => {
    expect(redisClientOptions({ ...REDIS, tls: TLS }, "x")).not.toHaveProperty("tls");
    const secure = { ...REDIS, secure: true };
    expect(redisClientOptions(secure, "x").tls).toEqual({});
    const tls = { ca: "CA", servername: "redis" };
    expect(redisClientOptions({ ...secure, tls: TLS }, "x").tls).toEqual(tls);
    expect(redisClientOptions({ ...secure, tls: TLS, mode: "sentinel" }, "x")).toMatchObject({
      tls,
      sentinelTLS: tls,
      enableTLSForSentinelMode: true,
    });
  });
});

test("reconnectDelay() grows to at most a second, and chance decides about half of it", () => {
  expect([reconnectDelay(1, 0), reconnectDelay(1, 1)]).toEqual([50, 100]);
  expect([reconnectDelay(1_000, 0), reconnectDelay(1_000, 1)]).toEqual([500, 1_000]);
});
