import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { get, head, post } from "../support/raw-client.ts";
import { SampleServer } from "../support/sample-server.ts";
import { goldAndGeneral, type RunningShunt, startShunt } from "../support/shunt.ts";

/** What operators see of the traffic: access log, metrics, loads, recent exchanges. */

let servers: SampleServer[];
let shunt: RunningShunt;

beforeAll(async () => {
  servers = await Promise.all(["g1", "s1"].map((name) => SampleServer.start(name)));
  shunt = await startShunt({ ...goldAndGeneral(servers.slice(0, 1), servers.slice(1)), acceptors: 2 });
  using client = await shunt.connect();
  await client.ask("/plain?a=b");
  await client.ask("/gold", "Cookie: tier=gold");
  await client.send(post("/content", "x".repeat(1_000)));
  await client.response();
  await client.send(head("GET / HTTP/1.1"));
  await client.response();
});

afterAll(async () => {
  await shunt[Symbol.asyncDispose]();
  for (const server of servers) await server[Symbol.asyncDispose]();
});

test("the access log has a line for each exchange, with class, rule, pool, server, sizes, timers and how it ended", async () => {
  const [plain, gold, content, refused] = await shunt.accessLog(4);
  const always = { level: 30, client: "127.0.0.1", http: "1.1", ended: "--", generation: 1, attempts: 1 };
  expect(plain).toMatchObject({
    ...always,
    method: "GET",
    host: "shunt.test",
    target: "/plain?a=b",
    status: 200,
    class: "general",
    pool: "general",
    server: "s1",
  });
  expect(plain).not.toHaveProperty("rule");
  expect(gold).toMatchObject({ ...always, class: "gold", rule: "gold cookie", pool: "gold", server: "g1" });
  expect(content).toMatchObject({ ...always, method: "POST" });
  expect(content?.bytesIn).toBeGreaterThan(1_000);
  expect(content?.bytesOut).toBeGreaterThan(1_000);
  expect(refused).toMatchObject({ status: 400, ended: "PR", failure: "host-missing", attempts: 0 });
  for (const timer of ["TR", "Tk", "Tw", "Tc", "Tr", "To", "Td", "Ta"]) {
    expect(plain?.[timer]).toBeTypeOf("number");
    expect(Number(plain?.[timer])).toBeGreaterThanOrEqual(0);
  }
  for (const line of [plain, gold, content]) {
    expect(line?.seed).toBeTypeOf("number");
    expect(String(line?.id)).toMatch(/\S/);
    expect(line?.time).toBeTypeOf("number");
  }
  expect(new Set([plain?.id, gold?.id, content?.id]).size).toBe(3);
});

test("the id of the access log is the one that the server was told", async () => {
  const [plain] = await shunt.accessLog(4);
  expect(servers[1]?.received[0]?.headers["x-request-id"]).toBe(plain?.id);
});

test("/metrics counts what was asked, answered, refused and carried", async () => {
  await eventually(
    () => shunt.metric("shunt_exchanges_settled_total"),
    (count) => count >= 4,
  );
  expect(await shunt.metric("shunt_requests_total", '"general"')).toBe(2);
  expect(await shunt.metric("shunt_requests_total", '"gold"')).toBe(1);
  expect(await shunt.metric("shunt_requests_total", '"refused"')).toBe(1);
  expect(await shunt.metric("shunt_responses_total", '"200"')).toBe(3);
  expect(await shunt.metric("shunt_responses_total", '"400"')).toBe(1);
  expect(await shunt.metric("shunt_requests_refused_total", '"host-missing"')).toBe(1);
  expect(await shunt.metric("shunt_request_duration_seconds_count")).toBe(4);
  expect(await shunt.metric("shunt_server_connections_opened_total")).toBe(2);
  expect(await shunt.metric("shunt_server_connections_reused_total")).toBe(1);
});

test("/metrics is of the text format: each metric has a type, and each sample a number", async () => {
  const lines = (await shunt.api("/metrics")).trimEnd().split("\n");
  const types = new Set<string>();
  for (const line of lines) {
    const [, typed] = /^# TYPE (\w+) (?:counter|gauge|histogram)$/.exec(line) ?? [];
    if (typed !== undefined) types.add(typed);
    else if (line !== "" && !line.startsWith("# HELP ")) {
      const [, name] =
        /^(shunt_\w+?)(?:_bucket|_sum|_count)?(?:\{[^}]*\})? (?:-?[0-9][0-9.e+-]*|Nan)$/.exec(line) ?? [];
      expect([line, types.has(name ?? "")]).toEqual([line, true]);
    }
  }
});

test("/v1/load tells what is outstanding while it is, by server", async () => {
  const gate = Promise.withResolvers<void>();
  await using held = await SampleServer.start("held", async (_, response) => {
    await gate.promise;
    response.end();
  });
  await using product = await startShunt({ ...goldAndGeneral([held], servers), acceptors: 2 });
  const clients = await Promise.all(Array.from({ length: 5 }, () => product.connect()));
  for (const client of clients) await client.send(get("/x", "Cookie: tier=gold"));
  const outstanding = async () =>
    (await product.loads()).map(({ server, outstanding: count }) => [server, count]);
  await eventually(outstanding, ([gold]) => gold?.[1] === 5);
  expect(await outstanding()).toEqual([
    ["gold/held", 5],
    ["general/g1", 0],
    ["general/s1", 0],
  ]);
  gate.resolve();
  for (const client of clients) {
    expect((await client.response()).status).toBe(200);
    client[Symbol.dispose]();
  }
  await product.quiet();
});

test("/v1/exchanges tells the decisions: facts, candidates, seed, winner, and no secret", async () => {
  const { exchanges } = JSON.parse(await shunt.api("/v1/exchanges?limit=4"));
  const gold = exchanges.find(({ target }: { target: string }) => target === "/gold");
  expect(gold).toMatchObject({
    method: "GET",
    host: "shunt.test",
    class: "gold",
    rule: "gold cookie",
    facts: { "cookie.tier": ["gold"] },
    status: 200,
    attempts: [{ pool: "gold", server: "g1", spilled: false }],
  });
  expect(gold.attempts[0].compared).toEqual([{ server: "g1", score: expect.any(Number) }]);
});

test("loads are zero when all is answered, and every exchange was settled once", async () => {
  await shunt.quiet();
  const settled = await shunt.metric("shunt_exchanges_settled_total");
  expect(settled).toBe((await shunt.accessLog(4)).length);
});
