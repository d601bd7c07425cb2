import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { delay, eventually } from "../support/eventually.ts";
import { isAlive, kill } from "../support/processes.ts";
import { get, post, type RawClient } from "../support/raw-client.ts";
import { type Handler, SampleServer } from "../support/sample-server.ts";
import { type AcceptorSeen, onePool, type RunningShunt, startShunt } from "../support/shunt.ts";

/** Processes that die or are asked to leave while requests are in flight. */

/** Answers when the gate opens. */
function held(gate: Promise<void>): Handler {
  return async (request, response) => {
    if (request.url === "/held") await gate;
    response.end(`answer to ${request.url}`);
  };
}

/** Connects until every acceptor has exchanges of its own in flight. */
async function loadAll(shunt: RunningShunt, count: number): Promise<RawClient[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => shunt.connect()));
  for (const client of clients) await client.send(get("/held"));
  await eventually(
    () => shunt.acceptors(),
    (acceptors) =>
      acceptors.length === 2 &&
      acceptors.every(({ exchanges }) => exchanges > 0) &&
      acceptors.reduce((sum, { exchanges }) => sum + exchanges, 0) === count,
  );
  return clients;
}

test("kill -9 of one of two acceptors fails its exchanges in flight and no others, and the queue of its successor is not reset", async () => {
  const gate = Promise.withResolvers<void>();
  await using server = await SampleServer.start("s", held(gate.promise));
  await using shunt = await startShunt({ ...onePool(server), acceptors: 2 });
  const clients = await loadAll(shunt, 40);
  const [victim, survivor] = (await shunt.acceptors()) as [AcceptorSeen, AcceptorSeen];
  kill(victim.pid);
  // These arrive while nobody accepts for the dead one: the kernel queues some of them on its handle.
  const late = await Promise.all(Array.from({ length: 100 }, () => shunt.connect()));
  const lateAnswers = Promise.all(late.map((client) => client.ask("/late")));
  gate.resolve();
  const fates = await Promise.allSettled(clients.map((client) => client.response()));
  const failed = fates.filter(({ status }) => status === "rejected").length;
  expect(failed).toBe(victim.exchanges);
  expect((await lateAnswers).map(({ text }) => text)).toEqual(late.map(() => "answer to /late"));
  const after = await eventually(
    () => shunt.acceptors(),
    (acceptors) => acceptors.length === 2 && acceptors.every(({ state }) => state === "accepting"),
  );
  expect(after.map(({ pid }) => pid)).toContain(survivor.pid);
  expect(after.map(({ pid }) => pid)).not.toContain(victim.pid);
  for (const client of [...clients, ...late]) client[Symbol.dispose]();
  await shunt.quiet();
});

test("kill -9 of the coordinator fails no request, and loads are told again when it is back", async () => {
  await using server = await SampleServer.start("s");
  await using shunt = await startShunt({ ...onePool(server), acceptors: 2 });
  const coordinator = Number(shunt.logged("acceptor joined")[0]?.pid);
  using client = await shunt.connect();
  for (let i = 0; i < 500; i++) {
    if (i === 50) kill(coordinator);
    expect((await client.ask(`/${i}`)).status).toBe(200);
  }
  await eventually(
    () => shunt.loads(),
    ([load]) => load?.requests === 500 && load.outstanding === 0,
  );
});

async function attemptToConnect(shunt: RunningShunt): Promise<string> {
  try {
    using _client = await shunt.connect();
    return "accepted";
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

test("SIGTERM lets requests, content and responses in flight come to their end, then exits 0", async () => {
  const gate = Promise.withResolvers<void>();
  await using server = await SampleServer.start("s", async (request, response) => {
    response.write("begun ");
    for await (const _ of request);
    await gate.promise;
    response.end("and ended");
  });
  await using shunt = await startShunt({ ...onePool(server), acceptors: 2, timeouts: { drainMs: 20_000 } });
  using waiting = await shunt.connect();
  using sending = await shunt.connect();
  using idle = await shunt.connect();
  await waiting.send(get("/x"));
  await sending.send(post("/y", "the whole").slice(0, -5));
  await eventually(
    () => server.running,
    (running) => running === 2,
  );
  const stopped = shunt.stop();
  await eventually(
    () => shunt.acceptors(),
    (acceptors) => acceptors.every(({ state }) => state === "draining"),
  );
  // A connection that never asked anything is closed at once; nobody waits for it.
  expect(await idle.closes()).toBe(true);
  await eventually(
    () => attemptToConnect(shunt),
    (outcome) => outcome === "ECONNREFUSED",
  );
  await sending.send("whole");
  gate.resolve();
  for (const response of await Promise.all([waiting.response(), sending.response()])) {
    expect([response.status, response.text]).toEqual([200, "begun and ended"]);
  }
  // Its response had begun without a word of the end: it may ask once more, until it leaves or drainMs is over.
  waiting[Symbol.dispose]();
  expect(await stopped).toBe(0);
});

test("SIGTERM under load cuts no exchange: every client is answered until it is told to close", async () => {
  await using server = await SampleServer.start("s", async (_, response) => {
    await delay(5);
    response.end("answered");
  });
  await using shunt = await startShunt({ ...onePool(server), acceptors: 2 });
  let answered = 0;
  const client = async (): Promise<void> => {
    using connection = await shunt.connect();
    for (let closing = false; !closing; answered += 1) {
      const response = await connection.ask("/x");
      expect(response.text).toBe("answered");
      closing = response.fields.get("connection")?.includes("close") ?? false;
    }
    expect(await connection.closes()).toBe(true);
  };
  const clients = Array.from({ length: 20 }, client);
  await eventually(
    () => answered,
    (count) => count > 200,
  );
  expect(await shunt.stop()).toBe(0);
  await Promise.all(clients);
});

test("SIGTERM to an acceptor leaves no moment in which nobody accepts: it drains when its successor listens", async () => {
  await using server = await SampleServer.start("s");
  await using shunt = await startShunt(onePool(server));
  const { pid } = await shunt.acceptor();
  kill(pid, "SIGTERM");
  const seen = new Set<number>();
  const last = await eventually(
    async () => {
      const accepting = (await shunt.acceptors()).filter(({ state }) => state === "accepting");
      seen.add(accepting.length);
      return accepting;
    },
    (accepting) => accepting.length === 1 && accepting[0]?.pid !== pid,
  );
  expect([...seen]).not.toContain(0);
  await eventually(
    () => isAlive(pid),
    (alive) => !alive,
  );
  using client = await shunt.connect();
  expect((await client.ask("/x")).text).toBe("s GET /x");
  expect((await shunt.acceptor()).pid).toBe(last[0]?.pid);
});

test("SIGTERM to the whole process group, as a service manager sends it, drains likewise", async () => {
  const gate = Promise.withResolvers<void>();
  await using server = await SampleServer.start("s", held(gate.promise));
  await using shunt = await startShunt({ ...onePool(server), acceptors: 2 });
  using client = await shunt.connect();
  await client.send(get("/held"));
  await eventually(
    () => server.running,
    (running) => running === 1,
  );
  for (const { pid } of await shunt.acceptors()) kill(pid, "SIGTERM");
  kill(Number(shunt.logged("acceptor joined")[0]?.pid), "SIGTERM");
  const stopped = shunt.stop();
  gate.resolve();
  expect((await client.response()).text).toBe("answer to /held");
  client[Symbol.dispose]();
  expect(await stopped).toBe(0);
});

test("the configuration file may vanish while Shunt runs: an acceptor that dies is replaced all the same", async () => {
  await using server = await SampleServer.start("s");
  await using shunt = await startShunt(onePool(server));
  rmSync(shunt.config);
  const { pid } = await shunt.acceptor();
  kill(pid);
  await eventually(
    () => isAlive(pid),
    (alive) => !alive,
  );
  using client = await shunt.connect();
  expect((await client.ask("/x")).text).toBe("s GET /x");
});

test("SIGHUP ends nothing: a product without a terminal says that it does not reload, and serves on", async () => {
  await using server = await SampleServer.start("s");
  await using product = await startShunt(onePool(server));
  using client = await product.connect();
  expect((await client.ask("/1")).status).toBe(200);
  product.child.kill("SIGHUP");
  await eventually(
    () => product.errors,
    (errors) => errors.includes("SIGHUP ignored"),
  );
  expect((await client.ask("/2")).status).toBe(200);
});
