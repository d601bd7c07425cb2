import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ResolvedConfig, ResolvedListener, ResolvedServer } from "@shunt/core";
import { busNames, encodeAnnouncement } from "@shunt/core";
import { Redis } from "ioredis";
import { afterEach, expect, test } from "vitest";
import { testConfig } from "../../packages/coordinator/src/test-config.ts";
import { startIn } from "../cluster/starts.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/ports.ts";
import { isAlive, kill } from "../support/processes.ts";
import { LocalRedis } from "../support/redis-server.ts";
import { SampleServer } from "../support/sample-server.ts";
import { onePool, SHUNT, startShunt } from "../support/shunt.ts";

/**
 * Processes of hosts that meet in Redis, started and ended in any order. What a leader publishes is published by the
 * test: so a worker is seen alone.
 */

const COMPILE_CACHE = join(tmpdir(), "shunt-test-compile-cache");
const PATIENCE_MS = 60_000;
const undo: (() => unknown)[] = [];

afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

/** `shunt worker` in a state directory of its own. */
class Worker {
  readonly directory: string;
  readonly child: ChildProcess;
  out = "";
  errors = "";
  readonly exited: Promise<number | NodeJS.Signals>;

  constructor(directory: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.directory = directory;
    this.child = spawn(process.execPath, [SHUNT, "worker", "--path", directory, ...args], {
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.on("data", (chunk) => {
      this.out += String(chunk);
    });
    this.child.stderr?.on("data", (chunk) => {
      this.errors += String(chunk);
    });
    this.exited = once(this.child, "exit").then(([code, signal]) => signal ?? code);
    undo.push(() => this.#end());
  }

  async ready(): Promise<string> {
    const out = await eventually(
      () => this.out,
      (text) => text.includes("\n"),
    );
    return out.trim();
  }

  said(message: string): { readonly reason?: string }[] {
    return this.errors
      .split("\n")
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line) => JSON.parse(line))
      .filter(({ msg }) => msg === message);
  }

  get acceptors(): number[] {
    const members: { role: string; pid: number }[] = JSON.parse(
      readFileSync(join(this.directory, "household.json"), "utf8"),
    );
    return members.filter(({ role }) => role === "acceptor").map(({ pid }) => pid);
  }

  async stop(): Promise<number | NodeJS.Signals> {
    this.child.kill("SIGTERM");
    return await this.exited;
  }

  #end(): void {
    const { pid = 0 } = this.child;
    kill(pid);
    try {
      for (const acceptor of this.acceptors) kill(acceptor);
    } catch {}
  }
}

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "shunt-test-"));
  undo.push(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return join(directory, "state");
}

async function newRedis(): Promise<LocalRedis> {
  const redis = await LocalRedis.start();
  undo.push(() => redis[Symbol.asyncDispose]());
  return redis;
}

/** On this machine. */
function webAt(port: number, name = "web"): ResolvedListener {
  return { name, host: "127.0.0.1", port, proxyProtocol: false };
}

async function listenersAt(port: number): Promise<Partial<ResolvedConfig>> {
  return {
    listeners: [webAt(port)],
    acceptors: 1,
    log: { level: "info", access: "off" },
  };
}

/** As the leader of term 1 publishes it. */
async function publish(url: string, generation: number, changes: Partial<ResolvedConfig>): Promise<void> {
  const { admin: _, state: __, ...config } = testConfig("/nowhere", changes);
  const snapshot = { term: 1, generation, config };
  const names = busNames("shunt");
  const text = encodeAnnouncement({
    term: 1,
    number: generation,
    publication: { kind: "snapshot", snapshot },
  });
  const client = new Redis(url);
  await client.set(names.publication.snapshot, text);
  await client.hset(names.versions, "snapshot", `1.${generation}`);
  await client.publish(names.hints, text);
  client.disconnect();
}

/** The status of an answer; servers of the test's configuration are not there, so that it is our own. */
async function statusAt(port: number): Promise<number | undefined> {
  const request = get({ host: "127.0.0.1", port, agent: new Agent({ keepAlive: false }) });
  const [response] = await once(request, "response");
  response.resume();
  return response.statusCode;
}

test("shunt worker waits for Redis, then for a coordinator, and says so; it ends at once while it waits", {
  timeout: PATIENCE_MS * 2,
}, async () => {
  const redis = await newRedis();
  await redis.kill();
  const worker = new Worker(newDirectory(), ["--state", redis.url]);
  const [first] = await eventually(
    () => worker.said("waiting for Redis"),
    ({ length }) => length > 0,
  );
  expect(first?.reason).toContain("Redis cannot be reached: connect ECONNREFUSED");
  await redis.resume();
  await eventually(
    () => worker.said("waiting for a coordinator: Redis has no snapshot yet"),
    ({ length }) => length > 0,
  );
  const client = new Redis(redis.url);
  await client.config("SET", "requirepass", "another");
  client.disconnect();
  await eventually(
    () => worker.said("waiting for Redis").map(({ reason }) => reason),
    (reasons) => reasons.some((reason) => reason?.startsWith("Redis refuses the user or the password")),
  );
  expect(worker.out).toBe("");
  expect(await worker.stop()).toBe(0);
});

test("shunt worker serves when the coordinator has come, starts again without Redis from its disk, and catches up", {
  timeout: PATIENCE_MS * 2,
}, async () => {
  const redis = await newRedis();
  const [port, later] = [await freePort(), await freePort()];
  const directory = newDirectory();
  const first = new Worker(directory, [
    "--state",
    redis.url,
    "--name",
    "east",
    "--listen",
    "wbe=127.0.0.1:1",
  ]);
  await publish(redis.url, 1, await listenersAt(port));
  expect(await first.ready()).toBe(`ready http://127.0.0.1:${port}`);
  expect(await statusAt(port)).toBeGreaterThanOrEqual(500);
  expect(first.said("--listen names a listener that the configuration does not have")).toMatchObject([
    { listener: "wbe", expected: ["web"] },
  ]);
  const file = join(directory, "snapshot-shunt.json");
  const mode = await eventually(
    () => statSync(file).mode,
    () => true,
  );
  expect(mode & 0o777).toBe(0o600);
  const client = new Redis(redis.url);
  const ids = await eventually(
    () => client.smembers(busNames("shunt").acceptors),
    ({ length }) => length > 0,
  );
  client.disconnect();
  expect(ids).toEqual([expect.stringMatching(/^east-a1-\d+-[0-9a-f]{6}$/)]);
  expect(await first.stop()).toBe(0);

  await redis.kill();
  const second = new Worker(directory, ["--state", redis.url]);
  expect(await second.ready()).toBe(`ready http://127.0.0.1:${port}`);
  expect(second.said("starting with the last snapshot on disk, to catch up later")).toHaveLength(1);
  await redis.resume();
  await publish(redis.url, 2, await listenersAt(later));
  await eventually(
    () => statusAt(later),
    (status) => status !== undefined,
  );
  await eventually(
    () =>
      statusAt(port).then(
        () => "open",
        () => "closed",
      ),
    (state) => state === "closed",
  );
  expect(await second.stop()).toBe(0);
  expect(JSON.parse(readFileSync(file, "utf8")).generation).toBe(2);
});

test("a worker and a coordinator that were there before Redis find it, and serve", {
  timeout: PATIENCE_MS * 2,
}, async () => {
  expect(await startIn(["worker", "coordinator", "redis"])).toBeGreaterThan(0);
});

test("a damaged snapshot on disk is named and not used; --listen says where a listener is on this host", {
  timeout: PATIENCE_MS,
}, async () => {
  const redis = await newRedis();
  const directory = newDirectory();
  const here = await freePort();
  const worker = new Worker(directory, ["--state", redis.url, "--listen", `web=127.0.0.1:${here}`]);
  await eventually(
    () => statSync(directory).isDirectory(),
    (is) => is,
  );
  writeFileSync(join(directory, "snapshot-shunt.json"), '{"term":');
  await eventually(
    () => worker.said("the last snapshot on disk is damaged, and is not used"),
    ({ length }) => length > 0,
  );
  await publish(redis.url, 1, await listenersAt(await freePort()));
  expect(await worker.ready()).toBe(`ready http://127.0.0.1:${here}`);
  expect(await worker.stop()).toBe(0);
});

test("acceptors of a worker whose supervisor is killed serve on, and its next supervisor takes over", {
  timeout: PATIENCE_MS * 2,
}, async () => {
  const redis = await newRedis();
  const port = await freePort();
  const directory = newDirectory();
  await publish(redis.url, 1, await listenersAt(port));
  const first = new Worker(directory, ["--state", redis.url]);
  await first.ready();
  const old = first.acceptors;
  first.child.kill("SIGKILL");
  await first.exited;
  expect(await statusAt(port)).toBeGreaterThanOrEqual(500);
  const second = new Worker(directory, ["--state", redis.url]);
  await second.ready();
  await eventually(
    () => old.filter(isAlive),
    ({ length }) => length === 0,
  );
  expect(await statusAt(port)).toBeGreaterThanOrEqual(500);
  expect(await second.stop()).toBe(0);
});

test.each([
  [
    ["--state", "http://ann:hidden@redis"],
    "shunt worker: --state: found no URL of a Redis. Expected redis://",
  ],
  [[], "shunt worker: no Redis named."],
  [["--state", "redis://a", "--acceptors", "0"], 'shunt worker: --acceptors: found "0". Expected 1..256.'],
  [
    ["--state", "redis://a", "--listen", "8080"],
    'shunt worker: --listen: found "8080". Expected NAME=HOST:PORT',
  ],
  [["--state", "redis://a", "--name", "a b"], 'shunt worker: --name: found "a b". Expected 1 to 64 letters'],
  [["--state", "redis://a", "--ca", "none"], 'shunt worker: --ca: cannot read "none"'],
])("shunt worker refuses %j in a sentence", { timeout: PATIENCE_MS }, async (args, sentence) => {
  const worker = new Worker(newDirectory(), args);
  expect(await worker.exited).toBe(1);
  expect(worker.errors.slice(0, sentence.length)).toBe(sentence);
  expect(worker.errors).not.toContain("hidden");
});

test("a worker takes over listeners, acceptors, trust, limits and log level from Redis while it serves, and no request fails", {
  timeout: PATIENCE_MS * 2,
}, async () => {
  const redis = await newRedis();
  await using server = await SampleServer.start("s1", (request, response) => {
    response.end(String(request.headers["x-forwarded-for"]));
  });
  const [port, extra] = [await freePort(), await freePort()];
  const usual = await listenersAt(port);
  const base = testConfig("/nowhere");
  // Acceptors that start want the cores for themselves: a thread that waits for one is no thread that hangs.
  const timeouts = { ...base.timeouts, drainMs: 5_000, classifyMs: 10_000 };
  const pools = base.pools.map((pool) => ({
    ...pool,
    servers: [
      { ...(pool.servers[0] as ResolvedServer), port: server.port, authority: `127.0.0.1:${server.port}` },
    ],
  }));
  let generation = 0;
  const change = (changes: Partial<ResolvedConfig>): Promise<void> =>
    publish(redis.url, ++generation, { ...usual, timeouts, pools, ...changes });
  await change({});
  const worker = new Worker(newDirectory(), ["--state", redis.url]);
  await worker.ready();
  const load = new Load(`http://127.0.0.1:${port}/`);
  const asked = async (at: number, path: string): Promise<[number, string]> => {
    const headers = { connection: "close", "x-forwarded-for": "192.0.2.7" };
    const answer = await fetch(`http://127.0.0.1:${at}${path}`, { headers });
    return [answer.status, await answer.text()];
  };
  await change({ listeners: [webAt(port), webAt(extra, "more")], acceptors: 2 });
  await eventually(
    () => asked(extra, "/"),
    ([status]) => status === 200,
  );
  await eventually(
    () => worker.acceptors.length,
    (count) => count === 2,
  );
  expect((await asked(port, "/"))[1]).toBe("127.0.0.1");
  const trust = { peers: ["127.0.0.1"], fields: [] };
  await change({
    trust,
    limits: { ...base.limits, targetBytes: 64 },
    log: { level: "silent", access: "off" },
  });
  await eventually(
    () => asked(port, "/"),
    ([, text]) => text === "192.0.2.7, 127.0.0.1",
  );
  await eventually(
    () => asked(port, `/${"a".repeat(64)}`),
    ([status]) => status === 414,
  );
  await eventually(
    () => worker.acceptors.length,
    (count) => count === 1,
  );
  await eventually(
    () =>
      asked(extra, "/").then(
        () => "open",
        () => "closed",
      ),
    (state) => state === "closed",
  );
  expect(await load.end()).toEqual([]);
  expect(load.answered).toBeGreaterThan(10);
  const { length } = worker.errors;
  expect(await worker.stop()).toBe(0);
  // The acceptors and their supervisor are silent from then on.
  expect(worker.errors.slice(length)).toBe("");
});

test("listeners and acceptors come and go under load, and no request fails", {
  timeout: PATIENCE_MS * 2,
}, async () => {
  await using server = await SampleServer.start("s1");
  // Acceptors that start want the cores for themselves: a thread that waits for one is no thread that hangs.
  const timeouts = { drainMs: 5_000, classifyMs: 10_000 };
  await using shunt = await startShunt({ ...onePool(server), acceptors: 2, timeouts });
  const extra = await freePort();
  const load = new Load(shunt.url);
  const change = async (change: (config: Record<string, unknown>) => void): Promise<void> => {
    const headers = { authorization: "Bearer a-token-for-tests", "content-type": "application/json" };
    const body = JSON.parse(await shunt.api("/v1/config"));
    change(body.config);
    const answer = await fetch(`${shunt.admin}/v1/config`, {
      method: "PUT",
      headers,
      body: JSON.stringify(body),
    });
    expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]);
  };
  const accepting = async (count: number): Promise<void> => {
    await eventually(
      async () => (await shunt.acceptors()).filter(({ state }) => state === "accepting"),
      ({ length }) => length === count,
    );
  };
  const web = { host: "127.0.0.1", port: 0 };
  await change((config) => Object.assign(config, { acceptors: 3 }));
  await accepting(3);
  await change((config) =>
    Object.assign(config, { listeners: { web, more: { host: "127.0.0.1", port: extra } } }),
  );
  const other = `http://127.0.0.1:${extra}`;
  await eventually(
    () => fetch(other, { headers: { connection: "close" } }),
    ({ ok }) => ok,
  );
  await change((config) => Object.assign(config, { acceptors: 1 }));
  await accepting(1);
  await change((config) => Object.assign(config, { listeners: { web } }));
  await eventually(
    () =>
      fetch(other).then(
        () => "open",
        () => "closed",
      ),
    (state) => state === "closed",
  );
  expect(await load.end()).toEqual([]);
  expect(load.answered).toBeGreaterThan(50);
});

/** Clients that open a connection for each request, one request after the other. */
class Load {
  answered = 0;
  readonly #failures: string[] = [];
  readonly #clients: Promise<void>[];
  #over = false;

  constructor(url: string) {
    this.#clients = Array.from({ length: 4 }, () => this.#client(url));
  }

  async end(): Promise<readonly string[]> {
    this.#over = true;
    await Promise.all(this.#clients);
    return this.#failures;
  }

  async #client(url: string): Promise<void> {
    while (!this.#over) {
      try {
        const request = get(url, { agent: new Agent({ keepAlive: false }) });
        const [response] = await once(request, "response");
        response.resume();
        await once(response, "end");
        if (response.statusCode === 200) this.answered += 1;
        else this.#failures.push(`status ${response.statusCode}`);
      } catch (error) {
        this.#failures.push(String(error));
      }
    }
  }
}
