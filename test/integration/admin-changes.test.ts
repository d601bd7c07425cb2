import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { ShuntOptions } from "../../packages/core/src/config/options.ts";
import { eventually } from "../support/eventually.ts";
import { SampleServer } from "../support/sample-server.ts";
import { onePool, poolOf } from "../support/shunt.ts";
import { Household, type RunningSupervisor } from "../support/supervised.ts";

/** Changes over the admin API, while `shunt up` serves: what they do to requests, and what outlives them. */

const servers: SampleServer[] = [];

beforeAll(async () => {
  for (const name of ["s1", "s2", "s3"]) servers.push(await SampleServer.start(name));
});

beforeEach(() => {
  for (const server of servers) server.received.length = 0;
});

afterAll(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]();
});

const s1 = (): SampleServer => servers[0] as SampleServer;
const s2 = (): SampleServer => servers[1] as SampleServer;
const s3 = (): SampleServer => servers[2] as SampleServer;

/** Whoever operates a running product. */
class Operator {
  readonly listener: string;
  readonly #admin: string;

  private constructor(listener: string, admin: string) {
    this.listener = listener;
    this.#admin = admin;
  }

  static async of(supervisor: RunningSupervisor): Promise<Operator> {
    const { listener, admin } = await supervisor.ready();
    return new Operator(listener, admin);
  }

  async ask(method: string, path: string, content?: object, headers: Record<string, string> = {}) {
    const answer = await fetch(this.#admin + path, {
      method,
      headers: { ...(content === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(content === undefined ? {} : { body: JSON.stringify(content) }),
    });
    return {
      status: answer.status,
      etag: answer.headers.get("etag") ?? "",
      body: JSON.parse(await answer.text()),
    };
  }

  /** A change that has to be made; resolves when every acceptor decides by it. */
  async change(method: string, path: string, content?: object): Promise<number> {
    const { status, body } = await this.ask(method, path, content);
    expect([status, body.outcome], JSON.stringify(body)).toEqual([expect.any(Number), "changed"]);
    await eventually(
      async () => (await this.ask("GET", "/v1/acceptors")).body.acceptors,
      (acceptors: { generation: number }[]) =>
        acceptors.length > 0 && acceptors.every(({ generation }) => generation >= body.generation),
    );
    return body.generation;
  }

  /** Which servers answer so many requests, one after the other, by name. */
  async answers(count: number): Promise<Readonly<Record<string, number>>> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const seen: Record<string, number> = {};
    for (let asked = 0; asked < count; asked++) {
      const { status, name } = await request(`${this.listener}/`, agent);
      expect(status).toBe(200);
      seen[name] = (seen[name] ?? 0) + 1;
    }
    agent.destroy();
    return seen;
  }
}

async function request(
  url: string,
  agent: Agent,
): Promise<{ readonly status: number; readonly name: string }> {
  const [response] = await once(get(url, { agent }), "response");
  let text = "";
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, name: text.split(" ")[0] ?? "" };
}

function configFile(household: Household, changes: Partial<ShuntOptions> = {}): string {
  const file = join(household.directory, "my.config.json");
  const options: Partial<ShuntOptions> = {
    listeners: { web: { host: "127.0.0.1", port: 0 } },
    acceptors: 2,
    ...onePool(s1(), s2()),
    log: { level: "warn", access: "off" },
    admin: { host: "127.0.0.1", port: 0 },
    state: { path: household.state },
    // A thread that waits for a core of a busy machine is no thread that hangs.
    timeouts: { classifyMs: 1_000 },
    ...changes,
  };
  writeFileSync(file, JSON.stringify(options));
  return file;
}

async function stop(supervisor: RunningSupervisor): Promise<void> {
  supervisor.child.kill("SIGTERM");
  expect(await supervisor.exited).toBe(0);
}

const POOL = "/v1/pools/all/servers";

test("the admin API adds a server that takes requests, drains one that gets no more, and removes it", async () => {
  await using household = new Household();
  // In turn: by load, one that another acceptor was just seen to ask may be passed over for a tenth of a second.
  const all = { ...poolOf(s1(), s2()), balance: "round-robin" } as const;
  const supervisor = household.up(configFile(household, { pools: { all } }));
  const operator = await Operator.of(supervisor);
  await operator.change("POST", POOL, { name: "s3", url: s3().url });
  expect(Object.keys(await operator.answers(60)).sort()).toEqual(["s1", "s2", "s3"]);
  await operator.change("PATCH", `${POOL}/s1`, { state: "drain" });
  expect(Object.keys(await operator.answers(40)).sort()).toEqual(["s2", "s3"]);
  await operator.change("DELETE", `${POOL}/s1`);
  await operator.change("PATCH", `${POOL}/s2`, { state: "maintenance" });
  expect(await operator.answers(20)).toEqual({ s3: 20 });
  const { body } = await operator.ask("GET", "/v1/pools");
  expect(body.pools[0].servers).toMatchObject([
    { name: "s2", state: "maintenance" },
    { name: "s3", state: "ready" },
  ]);
  await stop(supervisor);
});

test("the admin API changes weights, whole configurations and rules, and rolls back", async () => {
  await using household = new Household();
  const supervisor = household.up(configFile(household, { acceptors: 1 }));
  const operator = await Operator.of(supervisor);
  const first = await operator.ask("GET", "/v1/config");
  const roundRobin = structuredClone(first.body);
  roundRobin.config.pools.all.balance = "round-robin";
  await operator.change("PUT", "/v1/config", roundRobin);
  await operator.change("PATCH", `${POOL}/s1`, { weight: 3 });
  expect(await operator.answers(40)).toEqual({ s1: 30, s2: 10 });
  const stale = await operator.ask("PUT", "/v1/config", roundRobin, { "if-match": first.etag });
  expect(stale.status).toBe(412);
  await operator.change("POST", "/v1/config/rollback", { generation: first.body.generation });
  expect((await operator.ask("GET", "/v1/config")).body.config).toEqual(first.body.config);
  await stop(supervisor);
});

test("changes outlive the coordinator and a restart, and a changed file wins and says what it replaces", async () => {
  await using household = new Household();
  const first = household.up(configFile(household));
  const before = await Operator.of(first);
  const generation = await before.change("DELETE", `${POOL}/s1`);
  for (const { pid } of household.members("coordinator")) process.kill(pid, "SIGKILL");
  await eventually(
    async () => (await before.ask("GET", "/v1/config")).body.generation,
    (held) => held === generation,
  );
  await stop(first);
  const second = household.up(configFile(household));
  const after = await Operator.of(second);
  expect((await after.ask("GET", "/v1/config")).body.generation).toBe(generation);
  expect(await after.answers(10)).toEqual({ s2: 10 });
  expect((await after.ask("GET", "/v1/audit")).body.audit).toMatchObject([{ what: "all/s1: removed" }]);
  await stop(second);
  const third = household.up(configFile(household, onePool(s1(), s3())));
  const changed = await Operator.of(third);
  expect(Object.keys(await changed.answers(40)).sort()).toEqual(["s1", "s3"]);
  const { body } = await changed.ask("GET", "/v1/config/history");
  expect(body.history[0]).toMatchObject({ by: "file", generation: generation + 1 });
  expect(third.errors).toContain("the configuration file has changed: it replaces what held");
  expect(third.errors).toContain("/pools/all/servers/s2");
  await stop(third);
});

test("100 changes in a row while clients ask fail no request", async () => {
  await using household = new Household();
  const supervisor = household.up(configFile(household));
  const operator = await Operator.of(supervisor);
  const load = new AbortController();
  const clients = Array.from({ length: 8 }, () => asksUntil(load.signal, operator.listener));
  for (let round = 0; round < 25; round++) {
    const steps = [
      ["POST", POOL, { name: "s3", url: s3().url }],
      ["PATCH", `${POOL}/s1`, { state: round % 2 === 0 ? "drain" : "ready", weight: (round % 5) + 1 }],
      ["PATCH", `${POOL}/s2`, { weight: (round % 7) + 2 }],
      ["DELETE", `${POOL}/s3`, undefined],
    ] as const;
    for (const [method, path, content] of steps) {
      const { status, body } = await operator.ask(method, path, content);
      expect([200, 201], JSON.stringify(body)).toContain(status);
    }
  }
  load.abort();
  const counts = await Promise.all(clients);
  expect(counts.map(({ failed }) => failed)).toEqual(clients.map(() => 0));
  expect(counts.reduce((sum, { answered }) => sum + answered, 0)).toBeGreaterThan(100);
  await stop(supervisor);
});

/** Asks again and again over one connection. */
async function asksUntil(signal: AbortSignal, url: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const counts = { answered: 0, failed: 0 };
  while (!signal.aborted) {
    const status = await request(`${url}/`, agent).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) counts.answered += 1;
    else counts.failed += 1;
  }
  agent.destroy();
  return counts;
}
