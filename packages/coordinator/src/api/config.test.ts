import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FIXED, type ResolvedConfig } from "@shunt/core";
import type { FastifyInstance, InjectOptions } from "fastify";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { LocalConfiguration } from "../change/local-configuration.ts";
import { testConfiguration } from "../change/test-configuration.ts";
import { EventLog } from "../events/event-log.ts";
import { KnownHealth } from "../health/known-health.ts";
import { ALONE } from "../leadership/leadership.ts";
import { RecentExchanges } from "../membership/recent.ts";
import { Registry } from "../membership/registry.ts";
import { snapshotOf } from "../publish/snapshot.ts";
import { SqliteStore } from "../store/sqlite-store.ts";
import { testConfig } from "../test-config.ts";
import { buildAdminApi } from "./http-server.ts";

/** Changes over the API, on a real store. */

const log = pino({ level: "silent" });
const config: ResolvedConfig = testConfig("/state", {
  identity: {
    kind: "jwt",
    jwt: {
      claim: "sub",
      from: { kind: "bearer" },
      algorithms: ["HS256"],
      key: { kind: "secret", value: "the-signing-secret-of-thirty-two-octets" },
      issuer: undefined,
      audience: undefined,
      clockToleranceSeconds: 0,
    },
  },
});
let directory: string;
let store: SqliteStore;
let configuration: LocalConfiguration;
let app: FastifyInstance;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "shunt-api-"));
  store = SqliteStore.open(join(directory, "state.db"), log);
  configuration = await testConfiguration(store, config);
  const registry = new Registry(Date.now);
  app = buildAdminApi({
    own: config,
    configuration,
    current: () => snapshotOf(configuration.current.generation, configuration.current.config),
    name: "h-1",
    version: "0",
    leadership: ALONE,
    log,
    registry,
    recent: new RecentExchanges(registry),
    health: new KnownHealth({ append: () => {} }),
    counts: () => ({ changes: 0, fencedWrites: 0 }),
    coordinators: async () => [],
    checks: { passed: 0, failed: 0 },
    events: new EventLog({ now: Date.now, name: "test" }),
  });
});

afterEach(async () => {
  await app.close();
  store.close();
  rmSync(directory, { recursive: true });
});

async function ask(method: InjectOptions["method"], url: string, payload?: object, headers = {}) {
  const answer = await app.inject({
    method,
    url,
    headers,
    ...(payload === undefined ? {} : { payload }),
  } as InjectOptions);
  return {
    status: answer.statusCode,
    etag: answer.headers.etag,
    body: answer.json(),
    headers: answer.headers,
  };
}

/** What the configuration is now, to be changed and sent back. */
async function got() {
  return (await ask("GET", "/v1/config")).body;
}

const servers = () => configuration.current.config.pools[0]?.servers.map(({ name }) => name);

test("GET /v1/config answers in the form of a configuration file, and PUT takes that for no change", async () => {
  const { etag, body } = await ask("GET", "/v1/config");
  expect(etag).toBe('"0-7"');
  expect(body).toMatchObject({
    term: 0,
    generation: 7,
    config: {
      pools: { gold: { servers: { g1: { url: "http://127.0.0.1:9001", weight: 1, state: "ready" } } } },
      identity: { jwt: { key: { secret: "(secret)" } } },
      admin: { host: "127.0.0.1" },
      state: { path: "/state" },
    },
  });
  const again = await ask("PUT", "/v1/config", body, { "if-match": etag });
  expect(again).toMatchObject({
    status: 200,
    etag: '"0-7"',
    body: { outcome: "unchanged", differences: [] },
  });
  expect((await ask("PUT", "/v1/config", body.config)).body.outcome).toBe("unchanged");
});

test("PUT /v1/config replaces what holds, keeps secrets where their placeholder stands, and says what changed", async () => {
  const body = await got();
  body.config.timeouts.headMs = 5_000;
  body.config.pools.gold.servers.g1.weight = 3;
  const answer = await ask("PUT", "/v1/config", body, { "if-match": '"0-6", "0-7"' });
  expect(answer).toMatchObject({ status: 200, etag: '"0-8"' });
  expect(answer.body).toMatchObject({ outcome: "changed", generation: 8, warnings: [] });
  expect(answer.body.differences).toEqual([
    { pointer: "/pools/gold/servers/g1/weight", before: 1, after: 3 },
    { pointer: "/timeouts/headMs", before: 10_000, after: 5_000 },
  ]);
  expect(configuration.current.config.identity).toEqual(config.identity);
  expect((await store.latest())?.config.timeouts.headMs).toBe(5_000);
});

test("PUT /v1/config on a version that does not hold any more is refused with 412 and the one that holds", async () => {
  const body = await got();
  body.config.acceptors = 5;
  for (const ifMatch of ['"0-6"', 'W/"0-7"', '"anything"', "0-7"]) {
    const answer = await ask("PUT", "/v1/config", body, { "if-match": ifMatch });
    expect(answer).toMatchObject({ status: 412, etag: '"0-7"', body: { title: "Precondition Failed" } });
  }
  expect(configuration.current.generation).toBe(7);
  expect((await ask("PUT", "/v1/config", body, { "if-match": "*" })).status).toBe(200);
});

test("PUT /v1/config with dryRun says what would change, and changes nothing", async () => {
  const body = await got();
  body.config.acceptors = 5;
  const answer = await ask("PUT", "/v1/config?dryRun=true", body);
  expect(answer).toMatchObject({
    status: 200,
    etag: '"0-7"',
    body: { outcome: "would-change", differences: [{ pointer: "/acceptors", before: 2, after: 5 }] },
  });
  expect((await ask("POST", "/v1/config/check", body)).body).toEqual(answer.body);
  expect(configuration.current.generation).toBe(7);
  expect((await ask("GET", "/v1/audit")).body.audit).toEqual([]);
});

test("PUT /v1/config answers 422 with a pointer to each mistake, into what was sent", async () => {
  const body = await got();
  body.config.listeners.web.port = "x";
  body.config.pools.gold.colour = "red";
  body.config.classes.gold.spill = "nobody";
  body.config["a/b"] = 1;
  const pointers = ["/a~1b", "/classes/gold/spill", "/listeners/web/port", "/pools/gold/colour"];
  const whole = await ask("PUT", "/v1/config", body.config);
  expect([whole.status, whole.body.title]).toEqual([422, "Unprocessable Content"]);
  expect(whole.body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual(pointers);
  const enveloped = await ask("POST", "/v1/config/check", body);
  expect(enveloped.body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual(
    pointers.map((pointer) => `/config${pointer}`),
  );
});

test.each([
  [
    "a part that takes a restart",
    { classifierThreads: 4 },
    "/classifierThreads",
    "cannot change while Shunt runs",
  ],
  ["another place of the admin API", { admin: { port: 9_999 } }, "/admin", "cannot change while Shunt runs"],
  [
    "a token by a reference",
    { admin: { token: { env: "HOME" } } },
    "/admin/token",
    "neither environment nor files",
  ],
  [
    "a placeholder where there is no secret",
    { admin: { token: "(secret)" } },
    "/admin/token",
    "no secret to be kept",
  ],
  ["a path without a place", { log: { access: "a.log" } }, "/log/access", "expected an absolute path"],
])("PUT /v1/config refuses %s", async (_, changed, pointer, sentence) => {
  const { config: options } = await got();
  const { status, body } = await ask("PUT", "/v1/config", { ...options, ...changed });
  expect([status, body.errors[0].pointer]).toEqual([422, pointer]);
  expect(body.errors[0].detail).toContain(sentence);
});

test("PUT /v1/config takes another secret, shows neither, and says that it is another", async () => {
  const body = await got();
  body.config.identity.jwt.key.secret = "another-secret-of-more-than-thirty-two";
  const answer = await ask("PUT", "/v1/config", body);
  expect(answer.body).toMatchObject({
    warnings: [],
    differences: [{ pointer: "/identity/jwt/key/secret", before: "(secret)", after: "(secret)" }],
  });
  const shown = [answer, await ask("GET", "/v1/audit"), await ask("GET", "/v1/config/history/8")];
  expect(JSON.stringify(shown)).not.toMatch(/signing-secret|another-secret/);
});

test("GET /v1/config/history tells what held and who made it, and rollback brings it back as a new generation", async () => {
  await ask("PATCH", "/v1/pools/gold/servers/g1", { weight: 9 });
  await ask("PATCH", "/v1/pools/gold/servers/g1", { state: "drain" });
  const { history } = (await ask("GET", "/v1/config/history?limit=2")).body;
  expect(history).toMatchObject([
    { generation: 9, by: "local", summary: "gold/g1: state drain" },
    { generation: 8, by: "local", summary: "gold/g1: weight 9" },
  ]);
  const entry = await ask("GET", "/v1/config/history/8");
  expect(entry.body).toMatchObject({
    generation: 8,
    config: { pools: { gold: { servers: { g1: { weight: 9, state: "ready" } } } } },
  });
  const back = await ask("POST", "/v1/config/rollback", { generation: 7 });
  expect(back.body).toMatchObject({
    outcome: "changed",
    generation: 10,
    differences: [{ before: 9 }, { before: "drain" }],
  });
  expect(configuration.current.config).toMatchObject({ pools: config.pools });
  const missing = await ask("POST", "/v1/config/rollback", { generation: 99 });
  expect([missing.status, missing.body.detail]).toEqual([
    404,
    "The generation 99 is not kept: expected one that the history lists",
  ]);
  expect((await ask("GET", "/v1/config/history/99")).status).toBe(404);
});

test("POST /v1/pools/{pool}/servers adds a server, and says where it is", async () => {
  const answer = await ask("POST", "/v1/pools/gold/servers", {
    name: "g3",
    url: "http://[::1]:9003",
    weight: 2,
  });
  expect(answer).toMatchObject({
    status: 201,
    etag: '"0-8"',
    headers: { location: "/v1/pools/gold/servers/g3" },
  });
  expect((await ask("GET", String(answer.headers.location))).body).toMatchObject({
    name: "g3",
    url: "http://[::1]:9003",
    weight: 2,
    state: "ready",
    health: "ok",
    outstanding: 0,
  });
  expect((await ask("GET", "/v1/pools")).body.pools[0].servers).toHaveLength(3);
  expect(
    (await ask("GET", "/v1/load")).body.servers.map(({ server }: { server: string }) => server),
  ).toContain("gold/g3");
});

test.each([
  ["one that is there", { name: "g1", url: "http://127.0.0.1:1" }, "/name", "there is a server"],
  [
    "an address that is taken",
    { name: "g3", url: "http://127.0.0.1:9003" },
    "/url",
    "pools.general.servers.s1.url: the address",
  ],
  ["no address", { name: "g3" }, "/url", "Expected the address"],
  [
    "a name that is none",
    { name: "a/b", url: "http://127.0.0.1:1" },
    "/name",
    "cannot be the name of a server",
  ],
  ["an unknown field", { name: "g3", url: "http://127.0.0.1:1", colour: 1 }, "/colour", "unknown key"],
  [
    "a weight out of range",
    { name: "g3", url: "http://127.0.0.1:1", weight: 0 },
    "/weight",
    "found 0; expected",
  ],
])("POST /v1/pools/{pool}/servers refuses %s", async (_, payload, pointer, sentence) => {
  const { status, body } = await ask("POST", "/v1/pools/gold/servers", payload);
  expect([status, body.errors[0].pointer]).toEqual([422, pointer]);
  expect(body.errors[0].detail).toContain(sentence);
  expect(servers()).toEqual(["g1", "g2"]);
});

test("DELETE /v1/pools/{pool}/servers/{server} removes a server, but not the last", async () => {
  expect((await ask("DELETE", "/v1/pools/gold/servers/g1?dryRun=true")).body.outcome).toBe("would-change");
  expect(servers()).toEqual(["g1", "g2"]);
  expect(await ask("DELETE", "/v1/pools/gold/servers/g1")).toMatchObject({ status: 200, etag: '"0-8"' });
  expect(servers()).toEqual(["g2"]);
  const last = await ask("DELETE", "/v1/pools/gold/servers/g2");
  expect([last.status, last.body.detail]).toEqual([
    422,
    '"g2" is the last server of the pool "gold", which needs one; drain it, or add another before',
  ]);
});

test.each([
  ["GET", undefined],
  ["PATCH", { state: "drain" }],
  ["DELETE", undefined],
] as const)(
  "%s of a pool or a server that there is not is 404 and names what there is",
  async (method, payload) => {
    const pool = await ask(method, "/v1/pools/godl/servers/g1", payload);
    expect([pool.status, pool.body.detail]).toEqual([
      404,
      'There is no pool "godl" (did you mean "gold"?): expected one of "gold" or "general"',
    ]);
    const server = await ask(method, "/v1/pools/gold/servers/g9", payload);
    expect(server.body.detail).toContain('There is no server "g9" in the pool "gold"');
  },
);

test.each([
  ["nothing", {}, ""],
  ["another state", { state: "up" }, "/state"],
  ["another field", { state: "drain", url: "http://x" }, "/url"],
])("PATCH refuses %s", async (_, payload, pointer) => {
  const { status, body } = await ask("PATCH", "/v1/pools/gold/servers/g1", payload);
  expect([status, body.errors[0].pointer]).toEqual([422, pointer]);
});

test("GET /v1/audit tells each change that was asked for, with who, before, after and what became of it", async () => {
  await ask("PATCH", "/v1/pools/gold/servers/g1", { state: "drain" });
  await ask("PATCH", "/v1/pools/gold/servers/g1", { state: "drain" });
  await ask("DELETE", "/v1/pools/gold/servers/g1", undefined, { "if-match": '"0-1"' });
  const seen = (await ask("GET", "/v1/audit")).body.audit;
  expect(seen.map(({ what, outcome }: { what: string; outcome: string }) => [what, outcome])).toEqual([
    ["gold/g1: removed", "conflict"],
    ["gold/g1: state drain", "unchanged"],
    ["gold/g1: state drain", "changed"],
  ]);
  expect(seen[2]).toMatchObject({
    by: "local",
    before: { term: 0, generation: 7 },
    after: { term: 0, generation: 8 },
    differences: [{ pointer: "/pools/gold/servers/g1/state", before: "ready", after: "drain" }],
  });
});

test("a change is refused with 503 and Retry-After while the store does not answer, and made when it does", async () => {
  const close = store.close.bind(store);
  close();
  const down = await ask("PATCH", "/v1/pools/gold/servers/g1", { state: "drain" });
  expect([down.status, down.headers["retry-after"]]).toEqual([503, "1"]);
  expect(configuration.current.generation).toBe(7);
  store = SqliteStore.open(join(directory, "state.db"), log);
});

test("a configuration of 10,000 servers and 10,000 rules is taken, and one over the bound is not", async () => {
  const { config: options } = await got();
  const pools = Array.from({ length: 10 }, (_, pool) => [
    `p${pool}`,
    {
      servers: Object.fromEntries(
        Array.from({ length: 1_000 }, (_, at) => [
          `s${at}`,
          { url: `http://10.${pool}.${at >> 8}.${at & 255}:80` },
        ]),
      ),
    },
  ]);
  const rules = Array.from({ length: 10_000 }, (_, at) => ({
    name: `rule ${at}`,
    when: { path: `/customers/${at}` },
    class: "gold",
  }));
  const large = { ...options, rules, pools: { ...options.pools, ...Object.fromEntries(pools) } };
  expect((await ask("PUT", "/v1/config", large)).body).toMatchObject({ outcome: "changed", generation: 8 });
  expect((await ask("PATCH", "/v1/pools/p9/servers/s999", { weight: 2 })).body.differences).toHaveLength(1);
  expect((await got()).config.rules).toHaveLength(10_000);
  const padded = { ...options, padding: "x".repeat(FIXED.adminConfigBytes) };
  expect((await ask("PUT", "/v1/config", padded)).status).toBe(413);
  expect(
    (await ask("POST", "/v1/config/rollback", { padding: "x".repeat(FIXED.adminBodyBytes) })).status,
  ).toBe(413);
}, 60_000);
