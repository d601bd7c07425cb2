import { createHash } from "node:crypto";
import { connect } from "node:net";
import type { AcceptorMessage } from "@shunt/core";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { beforeEach, expect, test } from "vitest";
import type { BusPeer } from "../bus/state-bus.ts";
import { fixedConfiguration } from "../change/test-configuration.ts";
import { EventLog } from "../events/event-log.ts";
import { KnownHealth } from "../health/known-health.ts";
import { ALONE } from "../leadership/leadership.ts";
import { RecentExchanges } from "../membership/recent.ts";
import { type Member, Registry } from "../membership/registry.ts";
import { snapshotOf } from "../publish/snapshot.ts";
import { testConfig } from "../test-config.ts";
import { buildAdminApi } from "./http-server.ts";

const TOKENS = { ann: "token-of-ann-0123", otto: "token-of-otto-0123", rita: "token-of-rita-0123" };
const ROLE = { ann: "admin", otto: "operate", rita: "read" } as const;

const config = testConfig("unused", {
  admin: {
    host: "127.0.0.1",
    port: 0,
    tokens: (["ann", "otto", "rita"] as const).map((name) => ({
      name,
      role: ROLE[name],
      sha256: createHash("sha256").update(TOKENS[name]).digest("hex"),
    })),
  },
  identity: {
    kind: "jwt",
    jwt: {
      claim: "sub",
      from: { kind: "bearer" },
      algorithms: ["HS256"],
      key: { kind: "secret", value: "the-signing-secret" },
      issuer: undefined,
      audience: undefined,
      clockToleranceSeconds: 0,
    },
  },
});
const authorization = `Bearer ${TOKENS.ann}`;
let registry: Registry;
let app: FastifyInstance;

beforeEach(() => {
  registry = new Registry(Date.now);
  app = buildAdminApi({
    own: config,
    configuration: fixedConfiguration(config),
    current: () => snapshotOf(7, config),
    name: "h-1",
    version: "0",
    leadership: ALONE,
    log: pino({ level: "silent" }),
    registry,
    health: new KnownHealth({ append: () => {} }),
    counts: () => ({ changes: 0, fencedWrites: 0 }),
    coordinators: async () => [],
    checks: { passed: 0, failed: 0 },
    recent: new RecentExchanges(registry),
    events: new EventLog({ now: Date.now, name: "test" }),
  });
});

type Status = Extract<AcceptorMessage, { kind: "status" }>;

function join(id: string, state: Status["state"], outstanding = 0): void {
  const peer: BusPeer = { send: () => {}, close: () => {} };
  const member = registry.join(peer, {
    kind: "hello",
    acceptor: id,
    host: "h",
    pid: 1,
    term: 0,
    generation: 7,
    version: "0",
  });
  member.status = {
    state,
    connections: 1,
    exchanges: outstanding,
    counters: {
      counters: { exchanges_total: 5 },
      gauges: {},
      labelled: { responses_total: { 'a"b': 2 } },
      histograms: { exchange_seconds: { bounds: [0.1, 1], counts: [3, 1, 1], sum: 2.5 } },
    },
  };
  const measures = { latencyMs: 2, requests: 5, failures: 0, connections: 1, errors: 0, ejected: false };
  const servers = [["gold/g1", outstanding, measures]] as const;
  registry.takeLoad(member, { kind: "load", seq: 1, servers, shares: [], granted: 0 });
}

test("GET /readyz is refused until an acceptor accepts", async () => {
  join("a1", "starting");
  const before = await app.inject("/readyz");
  expect([before.statusCode, before.json().detail]).toEqual([503, "Not ready: 0 of 2 acceptors accept"]);
  join("a2", "accepting");
  expect((await app.inject("/readyz?verbose")).body).toBe("ok: 1 of 2 acceptors accept\n");
});

test.each([
  ["/v1/config", undefined],
  ["/v1/config", "Bearer wrong"],
  ["/v1/config", `Basic ${TOKENS.ann}`],
  ["/%76%31/config", undefined],
  ["/v1/nothing", undefined],
])("GET %s with authorization %s is refused with 401 and a challenge", async (url, given) => {
  const answer = await app.inject({ url, headers: given === undefined ? {} : { authorization: given } });
  expect(answer.statusCode).toBe(401);
  expect(answer.headers["www-authenticate"]).toBe('Bearer realm="shunt"');
  expect(answer.headers["content-type"]).toContain("application/problem+json");
});

test.each([
  ["GET", "/v1/pools", [200, 200, 200]],
  ["POST", "/v1/explain", [403, 422, 422]],
  ["GET", "/v1/audit", [200, 200, 200]],
  ["PATCH", "/v1/pools/gold/servers/g1", [403, 422, 422]],
  ["DELETE", "/v1/pools/gold/servers/g1", [403, 403, 503]],
  ["POST", "/v1/pools/gold/servers", [403, 403, 422]],
  ["PUT", "/v1/config", [403, 403, 422]],
  ["POST", "/v1/config/rollback", [403, 403, 422]],
] as const)("%s %s is answered %j to read, operate, admin", async (method, url, statuses) => {
  const answers = [TOKENS.rita, TOKENS.otto, TOKENS.ann].map((token) =>
    app.inject({ method, url, headers: { authorization: `Bearer ${token}` } }),
  );
  expect((await Promise.all(answers)).map(({ statusCode }) => statusCode)).toEqual(statuses);
});

test.each(["/livez", "/metrics"])("GET %s needs no token", async (url) => {
  expect((await app.inject(url)).statusCode).toBe(200);
});

test.each([
  ["evil.example", 421],
  ["evil.example:7070", 421],
  ["localhost.evil.example", 421],
  ["localhost:7070", 200],
  ["127.0.0.1", 200],
  ["[::1]:7070", 200],
])("a request for host %s is answered %i on loopback", async (host, status) => {
  expect((await app.inject({ url: "/livez", headers: { host } })).statusCode).toBe(status);
});

test("GET /v1/config shows no secret and answers 304 to who has it", async () => {
  const answer = await app.inject({ url: "/v1/config", headers: { authorization } });
  expect(answer.json()).toMatchObject({ generation: 7 });
  expect(answer.body).not.toContain("the-signing-secret");
  for (const { sha256 } of config.admin.tokens) expect(answer.body).not.toContain(sha256);
  const again = { authorization, "if-none-match": String(answer.headers.etag) };
  expect((await app.inject({ url: "/v1/config", headers: again })).statusCode).toBe(304);
});

test("an unknown path is 404 and a known one with another method 405 with Allow", async () => {
  const missing = await app.inject({ url: "/v1/nothing", headers: { authorization } });
  expect([missing.statusCode, missing.json().title]).toEqual([404, "Not Found"]);
  const wrong = await app.inject({ method: "DELETE", url: "/v1/pools?x=1", headers: { authorization } });
  expect([wrong.statusCode, wrong.headers.allow]).toEqual([405, "GET, HEAD"]);
});

test("a target that cannot be decoded is refused with a problem", async () => {
  const answer = await app.inject({ url: "/%zz", headers: { authorization } });
  expect(answer.headers["content-type"]).toContain("application/problem+json");
  expect([answer.statusCode, answer.json().title]).toEqual([400, "Bad Request"]);
});

test("what is no HTTP is answered with a problem and the connection ends", async () => {
  const { port } = new URL(await app.listen({ host: "127.0.0.1", port: 0 }));
  const socket = connect(Number(port), "127.0.0.1");
  socket.write("GARBAGE\r\n\r\n");
  let answer = "";
  for await (const chunk of socket) answer += chunk;
  expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json\r\n/);
  expect(JSON.parse(answer.split("\r\n\r\n")[1] ?? "")).toMatchObject({ status: 400 });
  await app.close();
});

async function explain(payload: string | object, type = "application/json") {
  const headers = { authorization, "content-type": type };
  return await app.inject({ method: "POST", url: "/v1/explain", headers, payload });
}

test("POST /v1/explain points at every field that is unknown or of the wrong type", async () => {
  const answer = await explain({ target: 5, colour: "red", headers: { a: [1] } });
  expect(answer.statusCode).toBe(422);
  const pointers = answer.json().errors.map(({ pointer }: { pointer: string }) => pointer);
  expect(pointers.sort()).toEqual(["/colour", "/headers/a", "/target"]);
});

test.each([
  ["not JSON", "{", "application/json", 400],
  ["another media type", "target=/", "text/plain", 415],
  ["too much", `{"target":"${"x".repeat(70_000)}"}`, "application/json", 413],
])("POST /v1/explain refuses %s", async (_, payload, type, status) => {
  const answer = await explain(payload, type);
  expect([answer.statusCode, answer.json().status]).toEqual([status, status]);
});

test("POST /v1/explain names rule, class, pool and the winner by the loads of the moment", async () => {
  join("a1", "accepting", 3);
  const answer = await explain({ target: "/a", headers: { Cookie: "tier=gold" }, seed: 1 });
  expect(answer.json()).toMatchObject({
    outcome: "decided",
    rule: "gold cookie",
    class: "gold",
    choice: { pool: "gold", server: "g2", pools: [{ candidates: [{ outstanding: 3 }, { outstanding: 0 }] }] },
  });
});

test("POST /v1/explain refuses what an acceptor would refuse", async () => {
  const split = await explain({ target: "/", headers: { A: "1\r\n\r\nGET / HTTP/1.1" } });
  expect(split.json()).toMatchObject({ outcome: "refused", refusal: { status: 400 } });
  const twice = await explain({ target: "/", headers: { Host: ["a", "b"] } });
  expect(twice.json()).toMatchObject({ outcome: "refused", refusal: { rule: "host-repeated" } });
});

test("GET /metrics sums acceptors, cumulates buckets and escapes labels", async () => {
  join("a1", "accepting", 2);
  join("a2", "accepting", 1);
  const lines = (await app.inject("/metrics")).body.split("\n");
  expect(lines).toContain("shunt_exchanges_total 10");
  expect(lines).toContain('shunt_responses_total{code="a\\"b"} 4');
  expect(lines).toContain('shunt_exchange_seconds_bucket{le="1"} 8');
  expect(lines).toContain('shunt_exchange_seconds_bucket{le="+Inf"} 10');
  expect(lines).toContain("shunt_exchange_seconds_count 10");
  expect(lines).toContain('shunt_server_outstanding{pool="gold",server="g1"} 3');
});

test("GET /metrics does not fall when an acceptor goes, nor rise when it comes back", async () => {
  join("a1", "accepting");
  const [member] = registry.members;
  if (member === undefined) throw new Error("nobody joined");
  registry.leave(member.peer);
  expect((await app.inject("/metrics")).body).toContain("\nshunt_exchanges_total 5\n");
  join("a1", "accepting");
  expect((await app.inject("/metrics")).body).toContain("\nshunt_exchanges_total 5\n");
});

test("GET /v1/exchanges refuses a limit out of range", async () => {
  const answer = await app.inject({ url: "/v1/exchanges?limit=0", headers: { authorization } });
  expect([answer.statusCode, answer.json().errors[0].pointer]).toEqual([422, "/limit"]);
});

test("GET /v1/load and /metrics show rate, errors and answer times of a server, and what it says itself", async () => {
  join("a1", "accepting");
  const [member] = registry.members;
  const answers = [0, 2, 3, 0, 0, 0, 0, 0, 0, 0];
  const measures = { latencyMs: 2, requests: 5, failures: 0, connections: 1, ejected: false };
  const servers = [
    ["gold/g1", 3, { ...measures, errors: 4, answers, answerMs: 25, announced: 0.5 }],
  ] as const;
  registry.takeLoad(member as Member, { kind: "load", seq: 2, servers, shares: [], granted: 0 });
  const get = async (url: string) => await app.inject({ url, headers: { authorization } });
  const { servers: totals, acceptors } = (await get("/v1/load")).json();
  const told = { server: "gold/g1", errors: 4, averageMs: 5, answers, announced: 0.5 };
  expect([totals[0], acceptors[0].servers[0]]).toMatchObject([told, told]);
  const lines = (await get("/metrics")).body.split("\n");
  for (const line of [
    'shunt_server_errors_total{pool="gold",server="g1"} 4',
    'shunt_server_latency_seconds_bucket{pool="gold",server="g1",le="0.003"} 2',
    'shunt_server_latency_seconds_bucket{pool="gold",server="g1",le="+Inf"} 5',
    'shunt_server_latency_seconds_sum{pool="gold",server="g1"} 0.025',
    'shunt_server_announced_load{pool="gold",server="g1"} 0.5',
  ])
    expect(lines).toContain(line);
});

test("GET /v1/load and /v1/pools show totals by server, GET /v1/acceptors who counts", async () => {
  join("a1", "accepting", 2);
  join("a2", "draining", 1);
  const get = async (url: string) => (await app.inject({ url, headers: { authorization } })).json();
  expect((await get("/v1/load")).servers[0]).toMatchObject({ server: "gold/g1", outstanding: 3 });
  expect((await get("/v1/pools")).pools[0].servers[0]).toMatchObject({ name: "g1", outstanding: 3 });
  const states = (await get("/v1/acceptors")).acceptors.map((one: { state: string }) => one.state);
  expect(states).toEqual(["accepting", "draining"]);
});

test("GET /v1/coordinator says who answers and who leads", async () => {
  const answer = await app.inject({ url: "/v1/coordinator", headers: { authorization } });
  const alone = { name: "h-1", leader: "h-1", leads: true, term: 0, generation: 7, state: "embedded" };
  expect(answer.json()).toEqual({ ...alone, version: "0" });
});
