import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { DeafServer } from "../support/deaf-server.ts";
import { eventually } from "../support/eventually.ts";
import { get, head, post, type RawClient } from "../support/raw-client.ts";
import { SampleServer } from "../support/sample-server.ts";
import { onePool, type RunningShunt, startShunt } from "../support/shunt.ts";

/** Clients that leave: their requests end at the servers, their load is given back, and nobody else is touched. */

let server: SampleServer;
let shunt: RunningShunt;
/** Requests for /content whose content came to its end. */
let whole = 0;
/** What answers to /held wait for. */
let gate = Promise.withResolvers<void>();

function* endless() {
  for (;;) yield Buffer.alloc(16_384);
}

beforeAll(async () => {
  server = await SampleServer.start("s", async (request, response) => {
    switch (request.url?.replace("?p", "")) {
      case "/never":
        break;
      case "/held":
        await gate.promise;
        response.end("answer");
        break;
      case "/half":
        response.writeHead(200, { "content-length": 10 });
        response.write("12345");
        break;
      case "/endless":
        await pipeline(Readable.from(endless()), response);
        break;
      case "/content":
        for await (const _ of request);
        whole += 1;
        response.end("all of it");
        break;
      default:
        response.end("ok");
    }
  });
  shunt = await startShunt(onePool(server));
});

/** Everything ended: no request at the server, no load, no exchange, no client connection. */
afterEach(async () => {
  await eventually(
    () => server.running,
    (running) => running === 0,
  );
  await shunt.quiet();
  await eventually(
    () => shunt.acceptors(),
    (acceptors) => acceptors.every(({ connections }) => connections === 0),
  );
});

afterAll(async () => {
  await shunt[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

async function running(count: number): Promise<void> {
  await eventually(
    () => server.running,
    (seen) => seen === count,
  );
}

test("a client that resets its connection while its content waits for its turn ends the request before it", async () => {
  using client = await shunt.connect();
  await client.send(get("/never") + post("/content", "content"));
  await running(1);
  client.socket.resetAndDestroy();
  await running(0);
  expect(server.targets).not.toContain("/content");
});

test("a client that resets its connection while it waits for an answer ends the request at the server", async () => {
  using client = await shunt.connect();
  await client.send(get("/never"));
  await running(1);
  client.socket.resetAndDestroy();
  await running(0);
  const [line] = await shunt.accessLog(1);
  expect(line).toMatchObject({ target: "/never", status: 499, ended: "CH" });
});

test("a client that resets its connection is logged with the phase that each of its requests was in", async () => {
  using client = await shunt.connect();
  await client.send(get("/never?p") + get("/quick?p") + post("/content?p", "content"));
  // Both were sent at once, and one is answered: its answer waits for the other's.
  await eventually(
    () => shunt.loads(),
    (loads) => loads.some(({ outstanding }) => outstanding === 1) && server.targets.includes("/quick?p"),
  );
  client.socket.resetAndDestroy();
  const lines = await eventually(
    async () => (await shunt.accessLog(1)).filter(({ target }) => String(target).endsWith("?p")),
    ({ length }) => length === 3,
  );
  expect(lines.map(({ target, status, ended, Tc }) => [target, status, ended, Tc === -1])).toEqual([
    ["/never?p", 499, "CH", false],
    ["/quick?p", 200, "CD", false],
    ["/content?p", 499, "CQ", true],
  ]);
});

test("a client that resets its connection while its server is connected to is logged so", async () => {
  await using deaf = await DeafServer.start("deaf");
  await using shunt = await startShunt({ ...onePool(deaf), timeouts: { connectMs: 60_000, drainMs: 5_000 } });
  using client = await shunt.connect();
  await client.send(get("/connecting"));
  await eventually(
    () => shunt.acceptors(),
    (acceptors) => acceptors.some(({ exchanges }) => exchanges === 1),
  );
  client.socket.resetAndDestroy();
  const [line] = await shunt.accessLog(1);
  expect(line).toMatchObject({ target: "/connecting", status: 499, ended: "CC", Tc: -1 });
});

test("a client that closes while it waits may have closed its half: its request goes on, and its load comes back", async () => {
  using client = await shunt.connect();
  await client.send(get("/held"));
  await running(1);
  client.socket.destroy();
  gate.resolve();
  await shunt.quiet();
  gate = Promise.withResolvers<void>();
});

const leaving = {
  "closes its connection": (client: RawClient) => client.socket.destroy(),
  "resets its connection": (client: RawClient) => client.socket.resetAndDestroy(),
};

describe.each(Object.entries(leaving))("a client that %s", (_, leave) => {
  test("in the middle of an answer ends it at the server", async () => {
    using client = await shunt.connect();
    await client.send(get("/endless"));
    await client.take(100_000);
    await running(1);
    leave(client);
    await running(0);
  });

  test("in the middle of its content leaves no request that looks whole", async () => {
    using client = await shunt.connect();
    await client.send(post("/content", "all of it").slice(0, -2));
    await running(1);
    leave(client);
    await running(0);
    expect(whole).toBe(0);
  });

  test("in the middle of a chunk leaves no request that looks whole", async () => {
    using client = await shunt.connect();
    await client.send(`${head("POST /content HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")}5\r\nhel`);
    await running(1);
    leave(client);
    await running(0);
    expect(whole).toBe(0);
  });
});

test("a client that closes its half in the middle of its content leaves no request that looks whole", async () => {
  using client = await shunt.connect();
  await client.send(post("/content", "all of it").slice(0, -2));
  await running(1);
  client.end();
  await running(0);
  expect(whole).toBe(0);
});

test("a client that leaves 16 pipelined requests behind ends all of them", async () => {
  using client = await shunt.connect();
  await client.send(get("/never").repeat(16));
  await running(16);
  client.socket.resetAndDestroy();
  await running(0);
});

test("a client that leaves does not touch the requests of others at the same server", async () => {
  using gone = await shunt.connect();
  using staying = await shunt.connect();
  await gone.send(get("/never"));
  await staying.send(get("/half"));
  await running(2);
  expect(await staying.take(15)).toBe("HTTP/1.1 200 OK");
  gone.socket.resetAndDestroy();
  await running(1);
  using third = await shunt.connect();
  expect((await third.ask("/ok")).text).toBe("ok");
  staying.socket.resetAndDestroy();
});

test("a connection on which a client gave up is not used for another", async () => {
  using first = await shunt.connect();
  await first.send(get("/half"));
  await running(1);
  first.socket.resetAndDestroy();
  await running(0);
  using second = await shunt.connect();
  for (let i = 0; i < 10; i++) expect((await second.ask("/ok")).text).toBe("ok");
});

test("a client that takes nothing of its answer is given up after timeouts.bodyIdleMs", async () => {
  await using product = await startShunt({
    ...onePool(server),
    timeouts: { bodyIdleMs: 200, drainMs: 5_000 },
  });
  using client = await product.connect();
  client.socket.pause();
  await client.send(get("/endless"));
  await running(1);
  await running(0);
  await product.quiet();
});
