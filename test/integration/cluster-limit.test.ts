import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { CountingServer } from "../support/counting-server.ts";
import { eventually } from "../support/eventually.ts";
import { kill } from "../support/processes.ts";
import { onePool, type RunningShunt, startShunt } from "../support/shunt.ts";
import { SteadyLoad } from "../support/steady-load.ts";

/** One server with a limit of the whole cluster, more clients than it may have requests, and six acceptors. */

const LIMIT = 10;
const ACCEPTORS = 6;
const CONNECTIONS = 60;
const SERVICE_MS = 20;

let server: CountingServer;
let shunt: RunningShunt;

beforeAll(async () => {
  server = await CountingServer.start(SERVICE_MS);
  const { pools, ...rest } = onePool({ name: "s1", url: server.url });
  const servers = { s1: { url: server.url, limit: { outstanding: LIMIT, scope: "cluster" } } } as const;
  shunt = await startShunt({
    ...rest,
    pools: { all: { servers } },
    acceptors: ACCEPTORS,
    // A machine that is busy with the clients, too, may keep a thread waiting.
    timeouts: { classifyMs: 10_000, drainMs: 5_000 },
    log: { level: "info", access: "off" },
  });
});

afterAll(async () => {
  await shunt[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

beforeEach(() => {
  server.most = 0;
});

/** Resolves when so many more were served. */
async function served(more: number): Promise<void> {
  const before = server.served;
  await eventually(
    () => server.served - before,
    (count) => count >= more,
  );
}

test("a limit of the whole cluster is never exceeded over 100,000 requests, and is in use", {
  timeout: 180_000,
}, async () => {
  await using load = new SteadyLoad(shunt.url, CONNECTIONS);
  await served(300);
  const [busyMs, since] = [server.busyMs, performance.now()];
  for (let last = 0; load.answered < 100_000; last = load.answered)
    await eventually(
      () => load.answered,
      (answered) => answered > last + 2_000,
    );
  const use = (server.busyMs - busyMs) / (performance.now() - since);
  console.log(
    `${load.answered} answered, ${server.served} of them served; at most ${server.most} at a time, ${use.toFixed(1)} on average`,
  );
  expect(server.most).toBeLessThanOrEqual(LIMIT);
  expect(load.count(200) + load.count(503)).toBe(load.answered);
  expect(load.broken).toBe(0);
  // Half would be there with shares that lie with the wrong ones.
  expect(use).toBeGreaterThan(LIMIT / 2);
  const text = await shunt.api("/metrics");
  expect(text).toContain('shunt_share_refused_total{limited="all/s1"}');
  expect(await shunt.metric("shunt_limit_exceeded_total")).toBe(0);
  const { exchanges } = JSON.parse(await shunt.api("/v1/exchanges?limit=100"));
  expect(exchanges).toContainEqual(expect.objectContaining({ status: 503, unserved: "at-its-share" }));
});

/** Whoever logs that acceptors join. */
function coordinator(): number {
  return Number(shunt.logged("acceptor joined").at(-1)?.pid);
}

test("a coordinator that is killed and comes back takes no share from anybody", async () => {
  await using load = new SteadyLoad(shunt.url, CONNECTIONS);
  await served(300);
  const former = coordinator();
  kill(former);
  await eventually(coordinator, (pid) => pid !== former);
  await served(1_500);
  console.log(`at most ${server.most} at a time`);
  expect(server.most).toBeLessThanOrEqual(LIMIT);
  expect(load.broken).toBe(0);
});

test("shares end while the coordinator is away for longer than a lease, and are back with it", async () => {
  await using load = new SteadyLoad(shunt.url, CONNECTIONS);
  await served(300);
  const pid = coordinator();
  kill(pid, "SIGSTOP");
  try {
    // Within the lease everything goes on.
    await served(50);
    await eventually(
      async () => {
        const [servedBefore, answeredBefore] = [server.served, load.answered];
        await eventually(
          () => load.answered,
          (answered) => answered > answeredBefore + 500,
        );
        return server.served - servedBefore;
      },
      (count) => count === 0,
    );
  } finally {
    kill(pid, "SIGCONT");
  }
  await served(1_500);
  expect(server.most).toBeLessThanOrEqual(LIMIT);
  expect(load.count(200) + load.count(503)).toBe(load.answered);
});

test("the share of an acceptor that is killed comes back, and the limit holds but for what it left running", async () => {
  await using load = new SteadyLoad(shunt.url, CONNECTIONS);
  await served(300);
  expect(server.most).toBeLessThanOrEqual(LIMIT);
  const { pid } = (await shunt.acceptors())[0] as { pid: number };
  kill(pid);
  await eventually(
    () => shunt.acceptors(),
    (acceptors) => acceptors.length === ACCEPTORS && acceptors.every((each) => each.pid !== pid),
  );
  await served(1_500);
  console.log(`at most ${server.most} at a time`);
  expect(server.most).toBeLessThanOrEqual(LIMIT + (await shunt.metric("shunt_limit_exceeded_total")));
  // All of the limit is given out again, when the lease of the one that died has ended.
  await eventually(
    () => shunt.metric("shunt_share_granted"),
    (granted) => granted === LIMIT,
  );
  expect(load.count(503)).toBeGreaterThan(0);
});
