import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ResolvedRedis } from "@shunt/core";
import { afterAll, beforeAll, expect, describe as group, test } from "vitest";
import { AcceptorEnd, CoordinatorEnd, Intruder } from "../support/bus-ends.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/ports.ts";
import { LocalRedis } from "../support/redis-server.ts";
import { redisState } from "../support/redis-state.ts";

/** Every kind of address leads to the same bus. */

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "shunt-redis-"));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

const LEADER = { holder: "c1", term: 1 };

/** A report goes one way, and a publication the other. */
async function busWorks(state: ResolvedRedis, lead: () => Promise<void>): Promise<void> {
  await using coordinator = await CoordinatorEnd.open(state, LEADER);
  await using acceptor = new AcceptorEnd(state, "a1");
  await lead();
  coordinator.bus.publish({ kind: "health", servers: [] });
  await eventually(
    () => [coordinator.of("load").length > 0, acceptor.of("health").length],
    ([heard, told]) => heard === true && told === 1,
  );
}

group("RedisBus and RedisTransport meet at", () => {
  test("a Redis behind Sentinels, and at its successor", async () => {
    await using primary = await LocalRedis.start();
    await using replica = await LocalRedis.start();
    await using direct = new Intruder(replica.url, "any");
    const portOf = ({ url }: LocalRedis): string => new URL(url).port;
    await direct.redis.call("REPLICAOF", "127.0.0.1", portOf(primary));
    await eventually(
      () => direct.redis.info("replication"),
      (info) => info.includes("master_link_status:up"),
    );
    const port = await freePort();
    const file = join(directory, "sentinel.conf");
    writeFileSync(
      file,
      `port ${port}
bind 127.0.0.1
sentinel monitor main 127.0.0.1 ${portOf(primary)} 1
sentinel down-after-milliseconds main 500
sentinel failover-timeout main 2000
`,
    );
    await using sentinel = await LocalRedis.start([], port, file);
    await using watcher = new Intruder(sentinel.url, "any");
    await eventually(
      () => watcher.redis.call("SENTINEL", "REPLICAS", "main"),
      (replicas) => Array.isArray(replicas) && replicas.length === 1,
    );
    const state = redisState(`redis+sentinel://127.0.0.1:${port}/main`);
    await using before = new Intruder(primary.url, state.prefix);
    await busWorks(state, () => before.lead(LEADER));
    await using acceptor = new AcceptorEnd(state, "a2");
    await eventually(
      () => acceptor.opened,
      (opened) => opened === 1,
    );
    await primary.kill();
    await eventually(
      () => acceptor.opened,
      (opened) => opened > 1,
    );
    await using after = new Intruder(replica.url, state.prefix);
    await busWorks(state, () => after.lead(LEADER));
  });

  test("a Redis Cluster", async () => {
    await using node = await LocalRedis.start([
      "--cluster-enabled",
      "yes",
      "--cluster-config-file",
      "nodes.conf",
      // A node that has met no other does not know what others call it.
      "--cluster-announce-ip",
      "127.0.0.1",
    ]);
    const port = new URL(node.url).port;
    const state = redisState(`redis+cluster://127.0.0.1:${port}`);
    await using direct = new Intruder(node.url, state.prefix);
    await direct.redis.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
    await eventually(
      () => direct.redis.call("CLUSTER", "INFO"),
      (info) => String(info).includes("cluster_state:ok"),
    );
    await busWorks(state, () => direct.lead(LEADER));
  });

  test("a Redis that wants TLS and our certificate, and nowhere without them", async () => {
    const { cert, key } = certificate("redis.test");
    const files = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert];
    const port = await freePort();
    await using node = await LocalRedis.start([
      "--tls-port",
      String(port),
      "--tls-auth-clients",
      "yes",
      ...files,
    ]);
    const state = redisState(`rediss://127.0.0.1:${port}`);
    await using direct = new Intruder(node.url, state.prefix);
    const text = readFileSync(cert, "utf8");
    const tls = { ca: text, cert: text, key: readFileSync(key, "utf8"), servername: "redis.test" };
    await busWorks({ ...state, tls }, () => direct.lead(LEADER));
    for (const wrong of [
      undefined,
      { ...tls, ca: undefined },
      { ...tls, servername: "other.test" },
      { ...tls, cert: undefined, key: undefined },
    ]) {
      await using acceptor = new AcceptorEnd({ ...state, tls: wrong }, "a3");
      await eventually(
        () => acceptor.lines.map(({ reason }) => reason),
        (reasons) => reasons.includes("tls_failed"),
      );
      expect(acceptor.opened).toBe(0);
    }
  });
});

function certificate(name: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(directory, "cert.pem"), join(directory, "key.pem")];
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "2",
      ...subject,
      "-keyout",
      key,
      "-out",
      cert,
    ],
    { stdio: "ignore" },
  );
  return { cert, key };
}
