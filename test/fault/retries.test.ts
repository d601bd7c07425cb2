import { expect, test } from "vitest";
import { DeafServer } from "../support/deaf-server.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/ports.ts";
import { get, post } from "../support/raw-client.ts";
import { type Answer, RawServer } from "../support/raw-server.ts";
import { field } from "../support/response-reader.ts";
import { SampleServer } from "../support/sample-server.ts";
import { goldAndGeneral, type Named, onePool, poolOf, startShunt } from "../support/shunt.ts";

/** What is sent again, where to, and what never is (RFC 9110, section 9.2.2). */

/** A server that takes connections and requests, and closes without an answer. */
const closing = (name = "closing") => RawServer.start(name, (socket) => socket.destroy());

async function refusing(name = "refusing"): Promise<Named> {
  return { name, url: `http://127.0.0.1:${await freePort()}` };
}

/** As many retries as requests, so that it is never the budget that decides. */
const RETRY = { retry: { budgetPercent: 100 } };
/** Clients ask both servers of a pool at some time: as often as this, one of them is the first choice. */
const OFTEN = 40;

test("a request whose server refuses the connection is served by another, whatever its method", async () => {
  await using good = await SampleServer.start("good");
  await using shunt = await startShunt(onePool(await refusing(), good));
  using client = await shunt.connect();
  for (let i = 0; i < OFTEN; i++) {
    await client.send(i % 2 === 0 ? get(`/${i}`) : post(`/${i}`, "content"));
    expect((await client.response()).text).toMatch(/^good (GET|POST)/);
  }
  expect(good.received).toHaveLength(OFTEN);
  expect(
    await eventually(
      () => shunt.metric("shunt_retries_total"),
      (count) => count > 0,
    ),
  ).toBeGreaterThan(0);
});

test("a GET whose server closes without an answer is served by another", async () => {
  await using bad = await closing();
  await using good = await SampleServer.start("good");
  await using shunt = await startShunt({ ...onePool(bad, good), ...RETRY });
  using client = await shunt.connect();
  for (let i = 0; i < OFTEN; i++) expect((await client.ask(`/${i}`)).text).toBe(`good GET /${i}`);
  expect(bad.heads.length).toBeGreaterThan(0);
});

test("a POST that has reached a server is not sent again, when that one closes without an answer", async () => {
  await using one = await closing("one");
  await using two = await closing("two");
  await using shunt = await startShunt({ ...onePool(one, two), ...RETRY });
  using client = await shunt.connect();
  for (let i = 1; i <= 10; i++) {
    await client.send(post("/once", "content"));
    const response = await client.response();
    expect([response.status, field(response, "proxy-status")]).toEqual([
      502,
      "shunt; error=connection_terminated",
    ]);
    expect(one.heads.length + two.heads.length).toBe(i);
  }
});

test("a PUT is sent again with all of its content", async () => {
  await using bad = await closing();
  await using good = await SampleServer.start("good");
  await using shunt = await startShunt({ ...onePool(bad, good), ...RETRY });
  using client = await shunt.connect();
  for (let i = 0; i < OFTEN; i++) {
    await client.send(post(`/${i}`, `content of ${i}`).replace("POST", "PUT"));
    expect((await client.response()).text).toBe(`good PUT /${i} content of ${i}`);
  }
  expect(bad.heads.length).toBeGreaterThan(0);
});

test("a PUT with more content than retry.bodyBytes is not sent again once that was sent", async () => {
  // Takes more than is kept for a second attempt before it closes.
  const greedy: Answer = (socket) => {
    let bytes = 0;
    socket.on("data", (chunk) => {
      bytes += chunk.length;
      if (bytes > 100_000) socket.destroy();
    });
  };
  await using one = await RawServer.start("one", greedy);
  await using two = await RawServer.start("two", greedy);
  await using shunt = await startShunt({ ...onePool(one, two), ...RETRY });
  using client = await shunt.connect();
  await client.send(post("/large", "x".repeat(200_000)).replace("POST", "PUT"));
  expect((await client.response()).status).toBe(502);
  expect(one.heads.length + two.heads.length).toBe(1);
});

test("a stale kept-alive connection costs a GET nothing: it is sent again over a new one", async () => {
  let served = 0;
  await using server = await RawServer.start("s", (socket) => {
    served += 1;
    // The first connection is closed by the very request that reuses it.
    if (served === 2) socket.destroy();
    else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  await using shunt = await startShunt(onePool(server));
  using client = await shunt.connect();
  expect((await client.ask("/1")).text).toBe("ok");
  expect((await client.ask("/2")).text).toBe("ok");
  expect([server.connections, served]).toEqual([2, 3]);
});

test("a connection that its server has closed while it was idle is not used again", async () => {
  await using server = await RawServer.start("s", (socket) => {
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  await using shunt = await startShunt(onePool(server));
  using client = await shunt.connect();
  for (let i = 0; i < 5; i++) {
    await client.send(post("/x", "content"));
    expect((await client.response()).text).toBe("ok");
    await eventually(
      () => server.open.size,
      (open) => open === 0,
    );
  }
  expect(server.connections).toBe(5);
});

test("a connection that all servers refuse gives a 502 that says so", async () => {
  await using shunt = await startShunt(onePool(await refusing("a"), await refusing("b")));
  using client = await shunt.connect();
  const response = await client.ask("/x");
  expect([response.status, field(response, "proxy-status")]).toEqual([
    502,
    "shunt; error=connection_refused",
  ]);
});

test("a server that does not accept in time gives a 504 that says so", async () => {
  await using deaf = await DeafServer.start("deaf");
  await using shunt = await startShunt({ ...onePool(deaf), timeouts: { connectMs: 200, drainMs: 5_000 } });
  using client = await shunt.connect();
  const response = await client.ask("/x");
  expect([response.status, field(response, "proxy-status")]).toEqual([
    504,
    "shunt; error=connection_timeout",
  ]);
});

test("a server that always closes without an answer costs an error now and then, when the retries are a fifth", async () => {
  await using bad = await closing();
  await using good = await SampleServer.start("good");
  await using shunt = await startShunt({ ...onePool(bad, good), retry: { budgetPercent: 20 } });
  using client = await shunt.connect();
  const statuses: number[] = [];
  for (let i = 0; i < 200; i++) statuses.push((await client.ask(`/${i}`)).status);
  expect(new Set(statuses)).toEqual(new Set([200, 502]));
  // Ten that are always allowed, and a fifth of the requests.
  expect(bad.heads.length - statuses.filter((status) => status === 502).length).toBeLessThanOrEqual(10 + 40);
});

test("a pool whose servers are full answers 503 with Retry-After", async () => {
  const gate = Promise.withResolvers<void>();
  await using server = await SampleServer.start("s", async (_, response) => {
    await gate.promise;
    response.end("done");
  });
  await using shunt = await startShunt({ ...onePool(server), limits: { outstandingPerServer: 2 } });
  using busy = await shunt.connect();
  await busy.send(get("/1") + get("/2"));
  await eventually(
    () => server.running,
    (running) => running === 2,
  );
  using client = await shunt.connect();
  const response = await client.ask("/3");
  expect([response.status, field(response, "proxy-status"), field(response, "retry-after")]).toEqual([
    503,
    "shunt; error=destination_unavailable",
    "1",
  ]);
  gate.resolve();
  expect((await busy.responses(2)).map(({ text }) => text)).toEqual(["done", "done"]);
  expect((await client.ask("/4")).text).toBe("done");
  await shunt.quiet();
});

const WITH_SPILL = { classes: { gold: { pool: "gold", spill: "general" }, general: { pool: "general" } } };
const GOLD = "Cookie: tier=gold";

test("gold requests spill into the general pool when the gold servers are down, and only they move", async () => {
  await using general = await SampleServer.start("s1");
  const down = await refusing("g1");
  await using shunt = await startShunt({ ...goldAndGeneral([down], [general]), ...WITH_SPILL });
  using client = await shunt.connect();
  for (let i = 0; i < 10; i++) expect((await client.ask(`/${i}`, GOLD)).text).toBe(`s1 GET /${i}`);
  const lines = await shunt.accessLog(10);
  expect(new Set(lines.map(({ class: name, pool, spilled }) => `${name} ${pool} ${spilled}`))).toEqual(
    new Set(["gold general true"]),
  );
});

test("gold requests spill into the general pool when the gold servers are full, and come back", async () => {
  const gate = Promise.withResolvers<void>();
  await using gold = await SampleServer.start("g1", async (_, response) => {
    await gate.promise;
    response.end("g1");
  });
  await using general = await SampleServer.start("s1");
  await using shunt = await startShunt({
    ...goldAndGeneral([gold], [general]),
    ...WITH_SPILL,
    pools: { gold: { ...poolOf(gold), limit: { outstanding: 1 } }, general: poolOf(general) },
  });
  using first = await shunt.connect();
  await first.send(get("/held", GOLD));
  await eventually(
    () => gold.running,
    (running) => running === 1,
  );
  using second = await shunt.connect();
  expect((await second.ask("/spilled", GOLD)).text).toBe("s1 GET /spilled");
  gate.resolve();
  expect((await first.response()).text).toBe("g1");
  expect((await second.ask("/back", GOLD)).text).toBe("g1");
});

test("without a spill a gold request is never served by the general pool, nor another by the gold one", async () => {
  await using general = await SampleServer.start("s1");
  await using gold = await SampleServer.start("g1");
  const down = await refusing("down");
  await using noGold = await startShunt(goldAndGeneral([down], [general]));
  using goldClient = await noGold.connect();
  expect((await goldClient.ask("/x", GOLD)).status).toBe(502);
  await using noGeneral = await startShunt(goldAndGeneral([gold], [down]));
  using client = await noGeneral.connect();
  expect((await client.ask("/x")).status).toBe(502);
  expect([general.received, gold.received]).toEqual([[], []]);
});
