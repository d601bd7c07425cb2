import { expect, test } from "vitest";
import { DEFAULT_HEALTH, DEFAULT_LIMITS, DEFAULT_TIMEOUTS, NO_LENIENCY } from "../config/defaults.ts";
import { resolveConfig } from "../config/resolve.ts";
import { decodeSnapshot } from "./decode-snapshot.ts";

/** A configuration that uses most of what there is. */
const OPTIONS = {
  listeners: { web: { port: 8080 } },
  pools: {
    gold: {
      servers: { g1: { url: "http://127.0.0.1:9001", limit: { outstanding: 10, scope: "cluster" } } },
      health: { active: { http: { path: "/up" } }, passive: { latencyFactor: 2.5 }, slowStartMs: 1_000 },
      limit: { outstanding: 20 },
    },
    general: { servers: { s1: { url: "http://s1" } }, balance: "hash", hashOn: { cookie: "sid" } },
  },
  classes: { gold: { pool: "gold", spill: "general" }, general: { pool: "general", bodyBytes: 1_000 } },
  rules: [
    {
      name: "golden",
      when: { any: [{ cookie: { tier: { regex: "g.*" } } }, { not: { user: true } }] },
      class: "gold",
    },
    { name: "near", when: { client: { in: ["10.0.0.0/8", "::1"] } }, class: "gold" },
  ],
  defaultClass: "general",
  trust: { peers: ["10.0.0.1"] },
  identity: { basic: true },
};

/** As it comes over a wire, and somebody has put `changes` there: path to value. */
function snapshot(changes: Readonly<Record<string, unknown>> = {}): unknown {
  const resolution = resolveConfig(OPTIONS, {
    cores: 2,
    statePath: "/state",
    absolutePath: (path) => path,
    env: () => undefined,
    readFile: () => "",
  });
  if (!resolution.ok) throw new Error(JSON.stringify(resolution.mistakes));
  const config = JSON.parse(JSON.stringify(resolution.config));
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    const part = keys.reduce<object>((at, key) => Reflect.get(at, key), config);
    Object.assign(part, { [last]: value });
  }
  return { term: 2, generation: 7, config };
}

test("decodeSnapshot() gives back what a resolved configuration says", () => {
  expect(decodeSnapshot(snapshot())).toEqual(snapshot());
});

test("decodeSnapshot() gives what an earlier version does not know of its default", () => {
  const unknown = ["pools.0.health", "timeouts.tunnelMs", "trust.fields"].map((path) => [path, undefined]);
  const { config } = decodeSnapshot(snapshot({ ...Object.fromEntries(unknown), limits: {}, leniency: {} }));
  expect(config.pools[0]?.health).toEqual(DEFAULT_HEALTH);
  expect(config.timeouts).toEqual(DEFAULT_TIMEOUTS);
  expect(config.limits).toEqual(DEFAULT_LIMITS);
  expect(config.leniency).toEqual(NO_LENIENCY);
  expect(config.trust.fields).toEqual([]);
});

test.each([
  ["a pool without servers", "pools.0.servers", undefined, "servers: expected a list"],
  ["a pool without a name", "pools.0.name", 5, "name: expected a text, found 5"],
  ["a balancer that nobody knows", "pools.0.balance", "best", "balance: expected one of least-load"],
  ["a server without a host", "pools.0.servers.0.host", null, "host: expected a text, found null"],
  ["a port that is none", "pools.0.servers.0.port", 65_536, "port: expected 0..65535, found 65536"],
  ["a weight of nothing", "pools.0.servers.0.weight", 0, "weight: expected a number above 0, found 0"],
  ["a state that is none", "pools.0.servers.0.state", "off", "state: expected one of ready"],
  ["a limit of nothing", "pools.0.limit.outstanding", 0, "outstanding: expected 1.."],
  ["a limit for nobody", "pools.0.servers.0.limit.scope", "all", "scope: expected one of acceptor, cluster"],
  ["health out of range", "pools.0.health.passive.failures", -1, "failures: expected a whole number"],
  ["checks without a pause", "pools.0.health.active.intervalMs", 0, "intervalMs: expected"],
  ["a class of no pool", "classes.0.pool", 2, "classes: expected indices of 2 pools"],
  ["a spill to no pool", "classes.0.spill", 2, "classes: expected indices of 2 pools"],
  ["a rule for no class", "rules.0.class", 2, "class: expected one of 2 classes, found 2"],
  ["a default that is no class", "defaultClass", 2, "defaultClass: expected one of 2 classes, found 2"],
  ["a rule without a condition", "rules.0.when", null, "when: expected an object, found null"],
  ["a condition of no kind", "rules.0.when.kind", "some", "kind: expected one of all, any, not, test"],
  ["a fact that nobody reads", "rules.1.when.on.fact", "age", "fact: expected one of method"],
  ["a fact without its name", "rules.0.when.of.0.on.name", undefined, "name: expected a text"],
  ["values that are none", "rules.1.when.matcher.values", [1], "values: expected a text, found 1"],
  ["a time that is a text", "timeouts.connectMs", "1", "connectMs: expected a whole number"],
  ["a time of nothing", "timeouts.connectMs", 0, "connectMs: expected 1..600000, found 0"],
  ["a limit that is a text", "limits.headBytes", "x", "headBytes: expected a whole number"],
  ["heads above the parser's room", "limits.headBytes", 1e9, "headBytes: expected 1024..65536"],
  ["retries without end", "retry.attempts", 1e9, "attempts: expected"],
  ["a peer that is no text", "trust.peers", [7], "peers: expected a text, found 7"],
  ["an identity of no kind", "identity.kind", "x", "kind: expected one of none, basic"],
  ["a log level that is none", "log.level", "loud", "level: expected one of debug"],
  ["no acceptors", "acceptors", 0, "acceptors: expected 1.."],
])("decodeSnapshot() refuses %s", (_, path, value, reason) => {
  expect(() => decodeSnapshot(snapshot({ [path]: value }))).toThrow(reason);
});

test("decodeSnapshot() refuses conditions inside each other without end", () => {
  const nested = (depth: number): object => {
    let when: object = { kind: "test", on: { fact: "user" }, matcher: { kind: "present" } };
    for (let i = 0; i < depth; i++) when = { kind: "not", of: when };
    return when;
  };
  expect(() => decodeSnapshot(snapshot({ "rules.0.when": nested(100) }))).not.toThrow();
  const deep = snapshot({ "rules.0.when": nested(10_000) });
  expect(() => decodeSnapshot(deep)).toThrow("when: expected at most 256 conditions inside each other");
});
