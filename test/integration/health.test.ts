import { createServer as createHttpServer } from "node:http";
import { createServer, type Server } from "node:net";
import { expect, test } from "vitest";
import type { PoolOptions } from "../../packages/core/src/config/options.ts";
import { delay, eventually } from "../support/eventually.ts";
import { freePort } from "../support/ports.ts";
import type { RawClient } from "../support/raw-client.ts";
import { type Handler, SampleServer } from "../support/sample-server.ts";
import { type Named, poolOf, type RunningShunt, startShunt, TOKEN } from "../support/shunt.ts";

/** What becomes of servers that turn bad, and of their pool: `shunt up`, and real servers. */

type Health = NonNullable<PoolOptions["health"]>;

/** A healthy server is never late for these, however busy the machine is. */
const CHECK = { http: { path: "/healthz" }, intervalMs: 50, timeoutMs: 10_000, rise: 2, fall: 2 };

/** One pool of these servers, in turn. */
function start(servers: readonly Named[], health: Health, changes: object = {}): Promise<RunningShunt> {
  const pool = { ...poolOf(...servers), balance: "round-robin" as const, health };
  return startShunt({
    pools: { all: pool, ...changes },
    classes: { all: { pool: "all", ...("spare" in changes ? { spill: "spare" } : {}) } },
    defaultClass: "all",
  });
}

interface Seen {
  readonly name: string;
  readonly health: string;
  readonly reasons: readonly string[];
}

async function healthOf(shunt: RunningShunt, name: string): Promise<Seen> {
  const { pools } = JSON.parse(await shunt.api("/v1/pools")) as { pools: { servers: Seen[] }[] };
  const found = pools.flatMap(({ servers }) => servers).find((server) => server.name === name);
  if (found === undefined) throw new Error(`there is no server ${name}`);
  return found;
}

const becomes = (shunt: RunningShunt, name: string, health: string): Promise<Seen> =>
  eventually(
    () => healthOf(shunt, name),
    (seen) => seen.health === health,
  );

/** Sends so many requests, one after the other, and counts which server answered. */
async function ask(client: RawClient, times: number, target = "/"): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < times; i++) {
    const { status, body } = await client.ask(target);
    const who = status === 200 ? (String(body).split(" ")[0] ?? "") : String(status);
    counts[who] = (counts[who] ?? 0) + 1;
  }
  return counts;
}

/** A server that answers with its name, until it is told to be in another mood. */
class MoodyServer implements AsyncDisposable {
  mood: Handler | undefined;
  readonly server: SampleServer;

  private constructor(server: SampleServer) {
    this.server = server;
  }

  static async start(name: string): Promise<MoodyServer> {
    const moody: { current?: MoodyServer } = {};
    const server = await SampleServer.start(name, (request, response, self) => {
      const mood = moody.current?.mood;
      if (mood === undefined) response.end(`${self.name} well`);
      else return mood(request, response, self);
    });
    moody.current = new MoodyServer(server);
    return moody.current;
  }

  get checks(): number {
    return this.server.targets.filter((target) => target === "/healthz").length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

const failing: Handler = (_, response) => {
  response.writeHead(500).end();
};

test("a server whose check is answered with 503 gets no requests, says why, and is back when it is well", async () => {
  await using bad = await MoodyServer.start("bad");
  await using good = await MoodyServer.start("good");
  await using shunt = await start([bad.server, good.server], { active: CHECK });
  using client = await shunt.connect();
  await eventually(
    () => bad.checks,
    (checks) => checks > 1,
  );
  expect(Object.keys(await ask(client, 10)).sort()).toEqual(["bad", "good"]);

  bad.mood = ({ url }, response) => {
    response.writeHead(url === "/healthz" ? 503 : 200).end("bad well");
  };
  const { reasons } = await becomes(shunt, "bad", "unhealthy");
  expect(reasons).toEqual(["2 checks in a row failed: status 503"]);
  // By the coordinator that checks, and by the acceptor that goes by it.
  await eventually(
    () => shunt.logged("server unhealthy").length,
    (lines) => lines === 2,
  );
  expect(await ask(client, 10)).toEqual({ good: 10 });
  expect(await shunt.metric("shunt_server_health", 'server="bad"')).toBe(0);

  bad.mood = undefined;
  await becomes(shunt, "bad", "ok");
  await eventually(
    () => ask(client, 10),
    ({ bad: answered }) => answered === 5,
  );
  expect(await shunt.metric("shunt_health_checks_total", 'result="failed"')).toBeGreaterThan(1);
});

test.each<[string, Health["active"], Handler, string]>([
  [
    "answers too late",
    { ...CHECK, timeoutMs: 400 },
    async (_, response) => {
      await delay(2_000);
      response.end("bad well");
    },
    "no answer within 400 ms",
  ],
  [
    "answers with other content",
    { ...CHECK, http: { path: "/healthz", body: "well" } },
    (_, response) => {
      response.end("bad and ill");
    },
    "status 200, without the text that its content is to have",
  ],
  [
    "closes connections without an answer",
    CHECK,
    (request) => {
      request.socket.destroy();
    },
    "it closed the connection without an answer",
  ],
])("a server that %s fails its checks", async (_, active, mood, found) => {
  await using bad = await MoodyServer.start("bad");
  await using good = await MoodyServer.start("good");
  await using shunt = await start([bad.server, good.server], { active });
  await eventually(
    () => bad.checks,
    (checks) => checks > 0,
  );
  bad.mood = mood;
  const { reasons } = await becomes(shunt, "bad", "unhealthy");
  expect(reasons[0]).toBe(`2 checks in a row failed: ${found}`);
  using client = await shunt.connect();
  await eventually(
    () => ask(client, 4),
    (answered) => answered.good === 4,
  );
});

test("a server on whose port nobody listens is unhealthy, and in again when somebody does", async () => {
  await using good = await SampleServer.start("good");
  const port = await freePort();
  const back = { name: "back", url: `http://127.0.0.1:${port}` };
  await using shunt = await start([back, good], { active: CHECK });
  expect((await becomes(shunt, "back", "unhealthy")).reasons[0]).toBe(
    "2 checks in a row failed: connection refused",
  );
  using client = await shunt.connect();
  expect(await ask(client, 10)).toEqual({ good: 10 });
  const server = createHttpServer((_, response) => response.end("back well")).listen(port, "127.0.0.1");
  try {
    await becomes(shunt, "back", "ok");
    await eventually(
      () => ask(client, 10),
      (answered) => answered.back === 5,
    );
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test("a check over TCP at another port takes a server out when nobody listens there, and lets it in again", async () => {
  await using one = await SampleServer.start("one");
  await using two = await SampleServer.start("two");
  const port = await freePort();
  await using shunt = await start([one, two], {
    active: { tcp: true, port, intervalMs: 50, timeoutMs: 10_000, fall: 2 },
  });
  // Nobody listens for either of them: that is a panic, and both get requests.
  await becomes(shunt, "one", "unhealthy");
  await becomes(shunt, "two", "unhealthy");
  using client = await shunt.connect();
  expect(await ask(client, 10)).toEqual({ one: 5, two: 5 });
  const door = await opened(port);
  try {
    expect((await becomes(shunt, "one", "ok")).reasons).toEqual([]);
  } finally {
    door.close();
  }
});

function opened(port: number): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

test("servers of which too few are available all get requests, and say so; above the share they do not", async () => {
  const servers = await Promise.all(["s1", "s2", "s3", "s4"].map((name) => MoodyServer.start(name)));
  await using cleanup = new AsyncDisposableStack();
  for (const server of servers) cleanup.use(server);
  const named = servers.map(({ server }) => server);
  await using shunt = await start(named, { active: CHECK, panicPercent: 50 });
  using client = await shunt.connect();
  await eventually(() => servers.every(({ checks }) => checks > 0), Boolean);
  const ill: Handler = ({ url }, response, self) => {
    response.writeHead(url === "/healthz" ? 503 : 200).end(`${self.name} ill`);
  };
  for (const server of servers.slice(0, 2)) server.mood = ill;
  await becomes(shunt, "s1", "unhealthy");
  await becomes(shunt, "s2", "unhealthy");
  await eventually(
    () => ask(client, 8),
    (answered) => Object.keys(answered).sort().join() === "s3,s4",
  );
  (servers[2] as MoodyServer).mood = ill;
  await eventually(
    () => ask(client, 8),
    (answered) => Object.keys(answered).length === 4,
  );
  expect(
    await eventually(
      () => shunt.metric("shunt_pools_in_panic"),
      (pools) => pools === 1,
    ),
  ).toBe(1);
  expect(shunt.logged("too few servers are available: all that are ready get requests")).toHaveLength(1);
});

test("a pool that never panics spills when its checks leave nobody", async () => {
  await using only = await MoodyServer.start("only");
  await using spare = await SampleServer.start("spare");
  only.mood = failing;
  const active = { active: CHECK, panicPercent: 0 };
  await using shunt = await start([only.server], active, { spare: poolOf(spare) });
  await becomes(shunt, "only", "unhealthy");
  using client = await shunt.connect();
  await eventually(
    () => ask(client, 5),
    (answered) => answered.spare === 5,
  );
});

const ERRORS = { errorPercent: 50, minRequests: 5, windowMs: 1_000 };

test("servers that answer with 500 are ejected, no more than the bounded share of their pool, and come back", async () => {
  const servers = await Promise.all(["s1", "s2", "s3", "s4"].map((name) => MoodyServer.start(name)));
  await using cleanup = new AsyncDisposableStack();
  for (const server of servers) cleanup.use(server);
  const named = servers.map(({ server }) => server);
  await using shunt = await start(named, {
    passive: { ...ERRORS, maxEjectedPercent: 50, probeEveryMs: 100 },
  });
  using client = await shunt.connect();
  for (const server of servers.slice(0, 3)) server.mood = failing;
  const ejected = async (): Promise<number> => {
    await ask(client, 20);
    const seen = await Promise.all(named.map(({ name }) => healthOf(shunt, name)));
    return seen.filter(({ health }) => health === "ejected").length;
  };
  await eventually(ejected, (count) => count === 2);
  for (let i = 0; i < 10; i++) expect(await ejected()).toBeLessThanOrEqual(2);
  const line = shunt.logged("server ejected")[0];
  expect(line).toMatchObject({ pool: "all", cause: "errors" });
  expect(line?.reason).toMatch(/^\d+ of \d+ requests ended in errors$/);
  await eventually(
    () => shunt.metric("shunt_ejections_total", 'reason="errors"'),
    (count) => count >= 2,
  );
  for (const server of servers) server.mood = undefined;
  await eventually(ejected, (count) => count === 0);
});

test("a server that answers with 500 keeps its requests where its pool does not ask for more", async () => {
  await using bad = await MoodyServer.start("bad");
  await using good = await MoodyServer.start("good");
  await using shunt = await start([bad.server, good.server], {});
  using client = await shunt.connect();
  bad.mood = failing;
  expect(await ask(client, 200)).toEqual({ good: 100, 500: 100 });
});

test("a server that takes much longer than its pool is ejected for it", async () => {
  await using slow = await MoodyServer.start("slow");
  await using one = await MoodyServer.start("one");
  await using two = await MoodyServer.start("two");
  slow.mood = async (_, response) => {
    await delay(60);
    response.end("slow well");
  };
  const passive = { latencyFactor: 3, minRequests: 5, windowMs: 2_000 };
  await using shunt = await start([slow.server, one.server, two.server], { passive });
  using client = await shunt.connect();
  const ejected = await eventually(
    async () => {
      await ask(client, 9);
      return healthOf(shunt, "slow");
    },
    ({ health }) => health === "ejected",
  );
  expect(ejected.reasons[0]).toMatch(
    /^ejected by 1 acceptor: answers take [\d.]+ ms, and [\d.]+ ms in the median/,
  );
});

test("a server that does not answer in time is ejected for it", async () => {
  await using late = await MoodyServer.start("late");
  await using good = await MoodyServer.start("good");
  late.mood = async (_, response) => {
    await delay(1_000);
    response.end("late well");
  };
  const passive = { timeoutPercent: 50, minRequests: 2, windowMs: 5_000, baseMs: 60_000 };
  const pool = { ...poolOf(late.server, good.server), balance: "round-robin" as const, health: { passive } };
  await using shunt = await startShunt({
    pools: { all: pool },
    classes: { all: { pool: "all" } },
    defaultClass: "all",
    timeouts: { responseMs: 100 },
  });
  using client = await shunt.connect();
  const { reasons } = await eventually(
    async () => {
      await ask(client, 2);
      return healthOf(shunt, "late");
    },
    ({ health }) => health === "ejected",
  );
  expect(reasons[0]).toMatch(/requests were not answered in time$/);
  expect(await ask(client, 6)).toEqual({ good: 6 });
});

test("a server that is back rises slowly, where its pool asks for that", async () => {
  await using back = await MoodyServer.start("back");
  await using warm = await MoodyServer.start("warm");
  await using shunt = await start([back.server, warm.server], { active: CHECK, slowStartMs: 600_000 });
  using client = await shunt.connect();
  await eventually(
    () => back.checks,
    (checks) => checks > 0,
  );
  // Who was there from the beginning is warm.
  expect(await ask(client, 40)).toEqual({ back: 20, warm: 20 });
  back.mood = failing;
  await becomes(shunt, "back", "unhealthy");
  await eventually(
    () => ask(client, 4),
    (answered) => answered.warm === 4,
  );
  back.mood = undefined;
  await becomes(shunt, "back", "ok");
  const first = await eventually(
    () => ask(client, 200),
    ({ back: answered = 0 }) => answered > 0,
  );
  // A tenth of the weight is one request of eleven: 18 of 200, and more than 50 once in a billion times.
  expect(first.back).toBeLessThan(50);
});

test("a server that is added while running is checked at once, one in maintenance is not, and one back from it rises", async () => {
  await using old = await MoodyServer.start("old");
  await using added = await MoodyServer.start("added");
  await using shunt = await start([old.server], { active: CHECK, slowStartMs: 600_000 });
  using client = await shunt.connect();
  added.mood = failing;
  await change(shunt, "POST", "/v1/pools/all/servers", { name: "added", url: added.server.url });
  // Its first check decides.
  expect((await becomes(shunt, "added", "unhealthy")).reasons[0]).toBe("its first check failed: status 500");
  await eventually(
    () => ask(client, 5),
    (answered) => answered.old === 5,
  );
  added.mood = undefined;
  await becomes(shunt, "added", "ok");

  await change(shunt, "PATCH", "/v1/pools/all/servers/added", { state: "maintenance" });
  await eventually(
    async () => {
      const before = added.checks;
      await delay(300);
      return added.checks - before;
    },
    (checks) => checks === 0,
  );
  await eventually(
    () => ask(client, 5),
    (answered) => answered.old === 5,
  );
  await change(shunt, "PATCH", "/v1/pools/all/servers/added", { state: "ready" });
  const first = await eventually(
    () => ask(client, 200),
    ({ added: answered = 0 }) => answered > 0,
  );
  expect(first.added).toBeLessThan(50);
});

async function change(shunt: RunningShunt, method: string, path: string, body: object): Promise<void> {
  const answer = await fetch(shunt.admin + path, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}
