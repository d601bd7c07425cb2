import { createHash, generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  DEFAULT_HEALTH,
  DEFAULT_LIMITS,
  DEFAULT_TIMEOUTS,
  LIMIT_RANGES,
  NO_LENIENCY,
  RETRY_RANGES,
  TIMEOUT_RANGES,
  UNBOUNDED,
} from "./defaults.ts";
import { defineConfig } from "./define.ts";
import { formatMistake } from "./mistake.ts";
import type { PoolOptions, SecretOptions, ServerOptions, ShuntOptions } from "./options.ts";
import type { ResolveContext } from "./reading.ts";
import { resolveConfig } from "./resolve.ts";
import type { ResolvedConfig, ResolvedPool } from "./resolved.ts";

const FILES: Readonly<Record<string, string>> = { "/etc/token": "from-a-file\n", "/etc/empty": "\n" };

const CONTEXT: ResolveContext = {
  cores: 3,
  statePath: "/etc/shunt.config.ts.state",
  absolutePath: (path) => (path.startsWith("/") ? path : `/etc/${path}`),
  env: (name) => ({ SHUNT_TOKEN: "from-the-environment", EMPTY: "" })[name],
  readFile: (path) => {
    const text = FILES[path];
    if (text === undefined) throw new Error("there is no such file");
    return text;
  },
};

/** The smallest configuration that works. */
const SMALL = defineConfig({
  listeners: { web: { port: 8080 } },
  pools: { general: { servers: { s1: { url: "http://127.0.0.1:9001" } } } },
  classes: { general: { pool: "general" } },
  defaultClass: "general",
});

function resolved(options: Partial<ShuntOptions> = {}): ResolvedConfig {
  return resolution(options).config;
}

function resolution(options: Partial<ShuntOptions>) {
  const result = resolveConfig({ ...SMALL, ...options }, CONTEXT);
  if (!result.ok) throw new Error(result.mistakes.map(formatMistake).join("\n"));
  return result;
}

function warnings(options: Partial<ShuntOptions>): string[] {
  return resolution(options).warnings.map(formatMistake);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The mistakes in the small configuration after raw parts of it were replaced. */
function mistakes(raw: Readonly<Record<string, unknown>>): string[] {
  const result = resolveConfig({ ...SMALL, ...raw }, CONTEXT);
  return result.ok ? [] : result.mistakes.map(formatMistake);
}

/** One pool with these servers and options. */
function pool(options: object, servers: object = { s1: { url: "http://127.0.0.1:9001" } }) {
  return { pools: { general: { servers, ...options } } };
}

describe("resolveConfig()", () => {
  test("fills in every default", () => {
    expect(resolved()).toEqual({
      listeners: [{ name: "web", host: "0.0.0.0", port: 8080, proxyProtocol: false }],
      acceptors: 3,
      classifierThreads: 1,
      pools: [
        {
          name: "general",
          servers: [
            {
              name: "s1",
              host: "127.0.0.1",
              port: 9001,
              authority: "127.0.0.1:9001",
              weight: 1,
              state: "ready",
            },
          ],
          balance: "least-load",
          hashOn: undefined,
          share: "off",
          proxyProtocol: "off",
          sharedLoad: true,
          announcedLoad: undefined,
          health: DEFAULT_HEALTH,
        },
      ],
      classes: [{ name: "general", pool: 0, spill: -1, bodyBytes: UNBOUNDED }],
      rules: [],
      defaultClass: 0,
      timeouts: DEFAULT_TIMEOUTS,
      limits: DEFAULT_LIMITS,
      retry: { attempts: 2, budgetPercent: 20, bodyBytes: 65_536 },
      trust: { peers: [], fields: [] },
      leniency: NO_LENIENCY,
      identity: { kind: "none" },
      log: { level: "info", access: "stdout" },
      admin: { host: "127.0.0.1", port: 7070, tokens: [] },
      state: { kind: "embedded", path: "/etc/shunt.config.ts.state" },
    });
  });

  test("takes the state of a server, and refuses one that there is not", () => {
    const servers = (state: string) => ({ s1: { url: "http://127.0.0.1:9001", state } });
    expect(mistakes(pool({}, servers("maintenance")))).toEqual([]);
    expect(mistakes(pool({}, servers("up")))).toEqual([
      'pools.general.servers.s1.state: found "up"; expected "ready", "drain" or "maintenance"',
    ]);
  });

  test("takes a limit of a pool and of a server, of each acceptor unless it says of the cluster", () => {
    const a: ServerOptions = { url: "http://a", limit: { outstanding: 7, scope: "cluster" } };
    const pools = { general: { limit: { outstanding: 5 }, servers: { a, b: { url: "http://b" } } } };
    const [{ limit, servers } = { limit: undefined, servers: [] }] = resolved({ pools }).pools;
    expect(limit).toEqual({ outstanding: 5, scope: "acceptor" });
    expect(servers.map((server) => server.limit)).toEqual([{ outstanding: 7, scope: "cluster" }, undefined]);
  });

  test("takes how servers say how loaded they are, and whether loads are shared", () => {
    const of = (options: Partial<PoolOptions>) => {
      const general = { servers: { s1: { url: "http://127.0.0.1:9001" } }, ...options };
      const { announcedLoad, sharedLoad } = resolved({ pools: { general } }).pools[0] as ResolvedPool;
      return [announcedLoad, sharedLoad];
    };
    expect(of({ announcedLoad: "response", sharedLoad: false })).toEqual([{ from: "response" }, false]);
    expect(of({ announcedLoad: { poll: "/load?a=b" } })).toEqual([
      { from: "poll", path: "/load?a=b", intervalMs: 1_000 },
      true,
    ]);
  });

  test.each([
    [{ announcedLoad: "field" }, 'announcedLoad: found "field"; expected "response" or { poll: "/load" }'],
    [{ announcedLoad: { poll: "load" } }, 'announcedLoad.poll: found "load"; expected a path like'],
    [{ announcedLoad: { poll: "/a b" } }, "announcedLoad.poll: found"],
    [{ announcedLoad: { poll: "/", intervalMs: 50 } }, "expected an integer in 100..60000"],
    [{ announcedLoad: { poll: "/", every: 5 } }, "every"],
    [{ sharedLoad: "yes" }, 'sharedLoad: found "yes"; expected true or false'],
  ])("refuses a pool with %j", (options, reason) => {
    const [found = ""] = mistakes(pool(options));
    expect(found).toContain(reason);
  });

  test("turns names into indices", () => {
    const config = resolved({
      pools: {
        gold: { servers: { g1: { url: "http://g1:9001" } } },
        general: { servers: { s1: { url: "http://s1" } } },
      },
      classes: { low: { pool: "general" }, high: { pool: "gold", spill: "general", bodyBytes: 0 } },
      rules: [{ name: "gold cookie", when: { cookie: { tier: "gold" } }, class: "high" }],
      defaultClass: "low",
    });
    expect(config.classes).toEqual([
      { name: "low", pool: 1, spill: -1, bodyBytes: UNBOUNDED },
      { name: "high", pool: 0, spill: 1, bodyBytes: 0 },
    ]);
    expect(config.rules).toMatchObject([{ name: "gold cookie", class: 1 }]);
    expect(config.defaultClass).toBe(0);
  });

  test("gives back plain frozen data that survives JSON", () => {
    const config = resolved();
    expect(Object.isFrozen(config.pools[0]?.servers[0])).toBe(true);
    expect(JSON.parse(JSON.stringify(config))).toEqual(JSON.parse(JSON.stringify(resolved())));
  });

  test("refuses what is no object, without a word about its parts", () => {
    expect(resolveConfig(null, CONTEXT)).toEqual({
      ok: false,
      mistakes: [{ path: [], problem: "found null", expected: "an object of options" }],
    });
  });

  test("names every part that is missing", () => {
    const result = resolveConfig({}, CONTEXT);
    const paths = result.ok ? [] : result.mistakes.map((each) => each.path.join("."));
    expect(paths).toEqual(["listeners", "pools", "classes", "defaultClass"]);
  });

  test("checks every part even when others are broken", () => {
    const found = mistakes({
      listeners: { web: { port: "8080" } },
      pools: {
        gold: { balanse: "p2c", servers: { g1: { url: "http://127.0.0.1:9001", weight: 0 } } },
        general: { servers: { s1: { url: "http://127.0.0.1:9001" } } },
      },
      classes: { gold: { pool: "golf" }, general: { pool: "general" } },
      rules: [{ name: "", when: { path: 1 }, class: "silver" }],
      defaultClass: "genral",
      limits: { fields: 0 },
      timeout: {},
    });
    expect(found).toEqual([
      expect.stringMatching(/^timeout: unknown key \(did you mean "timeouts"\?\); expected one of /),
      expect.stringMatching(
        /^pools\.gold\.balanse: unknown key \(did you mean "balance"\?\); expected one of /,
      ),
      "pools.gold.servers.g1.weight: found 0; expected an integer in 1..256",
      'pools.general.servers.s1.url: the address "127.0.0.1:9001" stands at pools.gold.servers.g1 already; expected an address in one pool only, and once',
      'classes.gold.pool: there is no pool "golf" (did you mean "gold"?); expected one of "gold" or "general"',
      'listeners.web.port: found "8080"; expected an integer in 0..65535',
      expect.stringMatching(/^rules\[0\]\.name: found ""; expected a text of 1 to 128 characters/),
      expect.stringMatching(/^rules\[0\]\.when\.path: found 1; /),
      'rules[0].class: there is no class "silver"; expected one of "gold" or "general"',
      'defaultClass: there is no class "genral" (did you mean "general"?); expected one of "gold" or "general"',
      "limits.fields: found 0; expected an integer in 8..512",
    ]);
  });

  const REFUSED: readonly [string, Readonly<Record<string, unknown>>, string][] = [
    ["an empty object of listeners", { listeners: {} }, "listeners: has no listener; expected 1 to 64"],
    ["a listener on a name", { listeners: { a: { host: "example.org", port: 1 } } }, 'found "example.org"'],
    ["a port beyond the last", { listeners: { a: { port: 65_536 } } }, "expected an integer in 0..65535"],
    [
      "a PROXY protocol that is no switch",
      { listeners: { a: { port: 80, proxyProtocol: "v1" } } },
      'listeners.a.proxyProtocol: found "v1"; expected true or false',
    ],
    [
      "PROXY headers that are believed from nobody",
      { listeners: { a: { port: 80, proxyProtocol: true } } },
      "listeners.a.proxyProtocol: nobody could connect",
    ],
    [
      "a version of the PROXY protocol that does not exist",
      { pools: { general: { servers: { s1: { url: "http://127.0.0.1:9003" } }, proxyProtocol: "v3" } } },
      'pools.general.proxyProtocol: found "v3"; expected "off", "v1" or "v2"',
    ],
    [
      "more connections of one client than of all",
      { limits: { connections: 10, connectionsPerClient: 11 } },
      "limits.connectionsPerClient: found 11; expected at most limits.connections, which is 10",
    ],
    [
      "two listeners on one address",
      { listeners: { a: { port: 80 }, b: { port: 80 } } },
      "listeners.b.port: 0.0.0.0:80 is taken by listeners.a",
    ],
    [
      "a listener that another includes",
      { listeners: { a: { port: 80, host: "::" }, b: { port: 80, host: "127.0.0.1" } } },
      "[::]:80",
    ],
    [
      "an admin port that is taken",
      { listeners: { web: { port: 7070 } } },
      "admin.port: 127.0.0.1:7070 is taken by listeners.web",
    ],
    [
      "a name with a slash",
      { classes: { "a/b": { pool: "general" }, general: { pool: "general" } } },
      '"a/b" cannot be the name of a class',
    ],
    ["a pool without servers", pool({}, {}), "pools.general.servers: has no server"],
    ["sharing that nobody knows", pool({ share: "on" }), 'found "on"; expected "off" or "auto"'],
    [
      "sharing of connections that name their client",
      pool({ share: "auto", proxyProtocol: "v2" }),
      'found "auto" with proxyProtocol "v2", whose connections serve one client each; expected "off"',
    ],
    [
      "an unknown balance",
      pool({ balance: "random" }),
      'expected "least-load", "p2c", "peak-ewma", "round-robin" or "hash"',
    ],
    ["hash without a key", pool({ balance: "hash" }), 'found "hash" without hashOn'],
    [
      "a key without hash",
      pool({ hashOn: "client" }),
      'pools.general.hashOn: has no effect with balance "least-load"',
    ],
    ["a hash on nobody", pool({ balance: "hash", hashOn: "user" }), "nobody is identified"],
    [
      "a hash on a bad cookie name",
      pool({ balance: "hash", hashOn: { cookie: "a;b" } }),
      "pools.general.hashOn: found an object",
    ],
    [
      "a limit of an unknown scope",
      pool({ limit: { outstanding: 5, scope: "host" } }),
      'pools.general.limit.scope: found "host"; expected "acceptor" or "cluster"',
    ],
    [
      "a server's limit out of range",
      pool({}, { a: { url: "http://a", limit: { outstanding: 0 } } }),
      "pools.general.servers.a.limit.outstanding: found 0; expected an integer in 1..1000000",
    ],
    [
      "an unknown key of a limit",
      pool({ limit: { outstandin: 5 } }),
      'outstandin: unknown key (did you mean "outstanding"?)',
    ],
    ["TLS to a server", pool({}, { a: { url: "https://a" } }), "the address asks for TLS"],
    ["a server without scheme", pool({}, { a: { url: "127.0.0.1:80" } }), "the address is not a URL"],
    ["a server with a path", pool({}, { a: { url: "http://a/b" } }), "the address has a path"],
    [
      "a server address twice in other spellings",
      pool({}, { a: { url: "http://LOCALHOST" }, b: { url: "http://localhost:80/" } }),
      "stands at pools.general.servers.a already",
    ],
    [
      "a class that spills into its own pool",
      { classes: { general: { pool: "general", spill: "general" } } },
      "which is the pool of the class itself",
    ],
    [
      "a spill that is not there",
      { classes: { general: { pool: "general", spill: "x" } } },
      'there is no pool "x"; expected "general"',
    ],
    ["rules that are no list", { rules: {} }, "rules: found an object; expected a list"],
    ["a rule without condition", { rules: [{ name: "a", class: "general" }] }, "rules[0].when: is missing"],
    [
      "two rules of one name",
      {
        rules: [
          { name: "a", when: { path: "/a" }, class: "general" },
          { name: "a", when: { path: "/b" }, class: "general" },
        ],
      },
      'rules[1].name: "a" is the name of rules[0] already',
    ],
    [
      "a user without identity",
      { rules: [{ name: "a", when: { not: { user: "ann" } }, class: "general" }] },
      "rules[0].when.not.user: nobody is identified",
    ],
    [
      "a rule that is never reached",
      {
        rules: [
          { name: "a", when: {}, class: "general" },
          { name: "b", when: { path: "/" }, class: "general" },
        ],
      },
      'rules[1]: the rule "b" is never reached: rules[0] ("a") matches',
    ],
    [
      "a timeout that is no integer",
      { timeouts: { headMs: 1.5 } },
      "timeouts.headMs: found 1.5; expected an integer in 1..600000",
    ],
    [
      "a target as long as its head",
      { limits: { headBytes: 4_096, targetBytes: 4_096 } },
      "limits.targetBytes: found 4096; expected less than limits.headBytes, which is 4096",
    ],
    [
      "a trusted peer that is none",
      { trust: { peers: ["10.0.0.0/8", "proxy"] } },
      'trust.peers[1]: found "proxy"',
    ],
    [
      "a believed field that frames messages",
      { trust: { fields: ["X-Tier", "Content-Length"] } },
      'trust.fields[1]: "Content-Length" frames or routes the message, whoever sends it',
    ],
    [
      "a believed field whose name is none",
      { trust: { fields: ["X Tier"] } },
      'trust.fields[0]: found "X Tier"; expected the name of a header field',
    ],
    ["a leniency that nobody has", { leniency: { bareLf: true } }, "leniency.bareLf: unknown key"],
    [
      "a leniency that is no switch",
      { leniency: { hostDiffers: "yes" } },
      'leniency.hostDiffers: found "yes"; expected true or false',
    ],
    [
      "an open admin API",
      { admin: { host: "0.0.0.0" } },
      "admin.host: the admin API would be open to everybody who reaches 0.0.0.0",
    ],
    [
      "a variable that is not set",
      { admin: { token: { env: "NOT_SET" } } },
      'admin.token.env: the environment variable "NOT_SET" is not set',
    ],
    [
      "a variable that is empty",
      { admin: { token: { env: "EMPTY" } } },
      'the environment variable "EMPTY" is empty',
    ],
    [
      "a secret file that is not there",
      { admin: { token: { file: "none" } } },
      'admin.token.file: cannot read "none": there is no such file',
    ],
    ["a secret file that is empty", { admin: { token: { file: "empty" } } }, 'the file "empty" is empty'],
    ["Redis without its address", { state: { kind: "redis" } }, "state.url: is missing"],
    [
      "an address of Redis that is none, without what it says",
      { state: { kind: "redis", url: "http://user:hidden@redis" } },
      "state.url: found no URL of a Redis. Expected redis://HOST:PORT/DB",
    ],
    [
      "a prefix that cannot name keys",
      { state: { kind: "redis", url: "redis://a", prefix: "{x}" } },
      'state.prefix: found "{x}"; expected 1 to 64 letters',
    ],
    [
      "TLS for a connection that is not encrypted",
      { state: { kind: "redis", url: "redis://a", tls: { serverName: "a" } } },
      "state.tls: the connection is not encrypted, so that there is nothing to which this applies; expected rediss://",
    ],
    [
      "a certificate for Redis without its key",
      { state: { kind: "redis", url: "rediss://a", tls: { cert: "PEM" } } },
      "state.tls: there is a cert and no key; expected both, or neither",
    ],
    [
      "an unknown state",
      { state: { kind: "etcd" } },
      'state.kind: found "etcd"; expected "embedded" or "redis"',
    ],
    ["two identities", { identity: { basic: true, header: "x-user" } }, "identity: names 2 ways at once"],
    ["no identity in identity", { identity: {} }, "identity: names no way to identify a user"],
    ["a bad header name", { identity: { header: "x user" } }, "identity.header: found a text"],
  ];
  test.each(REFUSED)("refuses %s", (_, raw, sentence) => {
    expect(mistakes(raw)).toEqual([expect.stringContaining(sentence)]);
  });

  test("lowers names of believed fields, and takes single leniencies", () => {
    const config = resolved({ trust: { fields: ["X-Tier"] }, leniency: { hostDiffers: true } });
    expect(config.trust).toEqual({ peers: [], fields: ["x-tier"] });
    expect(config.leniency).toEqual({ ...NO_LENIENCY, hostDiffers: true });
  });

  test("lets listeners and pools have the PROXY protocol where a peer is trusted", () => {
    const servers = { s1: { url: "http://127.0.0.1:9003" } };
    const { listeners, pools } = resolved({
      listeners: { web: { port: 80, proxyProtocol: true }, plain: { port: 81, proxyProtocol: false } },
      pools: { general: { servers, proxyProtocol: "v2" } },
      trust: { peers: ["10.0.0.0/8"] },
    });
    expect(listeners.map(({ proxyProtocol }) => proxyProtocol)).toEqual([true, false]);
    expect(pools.map(({ proxyProtocol }) => proxyProtocol)).toEqual(["v2"]);
  });

  test("lets two listeners have port 0, and one port on two addresses", () => {
    const listeners = {
      a: { port: 0 },
      b: { port: 0 },
      c: { host: "127.0.0.1", port: 80 },
      d: { host: "127.0.0.2", port: 80 },
    };
    expect(mistakes({ listeners })).toEqual([]);
  });

  test("does not complain about names when their section is what is wrong", () => {
    expect(mistakes({ pools: 3 })).toEqual(["pools: found 3; expected an object of pools by name"]);
  });

  test("takes what is undefined for absent, in every part", () => {
    const options = { limits: { fields: undefined }, timeouts: undefined, admin: { token: undefined } };
    expect(mistakes(options)).toEqual([]);
    expect(resolved(options).limits.fields).toBe(DEFAULT_LIMITS.fields);
  });

  test("names what is wrong with a key though an unknown one looks like it", () => {
    const sentences = mistakes({ timeouts: { connectMs: "3s", connect: 5 } });
    expect(sentences).toContainEqual(expect.stringMatching(/^timeouts\.connect: unknown key/));
    expect(sentences).toContainEqual(expect.stringMatching(/^timeouts\.connectMs: found "3s"/));
  });

  test("keeps a pool called __proto__ from passing unseen", () => {
    const raw: unknown = JSON.parse('{ "__proto__": { "servers": {} } }');
    expect(mistakes({ pools: raw })).toContainEqual(expect.stringContaining("has no server"));
  });
});

describe("resolveConfig() on limits and timeouts", () => {
  const GROUPS = { timeouts: TIMEOUT_RANGES, limits: LIMIT_RANGES, retry: RETRY_RANGES };
  const NUMBERS = Object.entries(GROUPS).flatMap(([group, ranges]) =>
    Object.entries(ranges).map(([key, [lowest, highest]]) => ({ group, key, lowest, highest })),
  );

  test.each(NUMBERS)("refuses $group.$key outside its range", ({ group, key, lowest, highest }) => {
    const sentence = expect.stringContaining(`expected an integer in ${lowest}..${highest}`);
    expect(mistakes({ [group]: { [key]: lowest - 1 } })).toEqual([sentence]);
    expect(mistakes({ [group]: { [key]: highest + 1 } })).toEqual([sentence]);
  });

  /** What others have to stay below, at its highest. */
  const ROOMY = {
    headBytes: 65_536,
    outstandingPerServer: 65_535,
    responseBufferBytes: 67_108_864,
    connections: 1_000_000,
  };

  test.each(NUMBERS)("takes $group.$key at the ends of its range, if what goes with it follows", (each) => {
    const { group, key, lowest, highest } = each;
    const others = group === "limits" ? ROOMY : {};
    expect(mistakes({ [group]: { ...others, [key]: highest } })).toEqual([]);
    const alone = key === "responseBufferBytes" ? { headBytes: lowest } : {};
    expect(mistakes({ [group]: { ...alone, [key]: lowest } })).toEqual([]);
  });

  test("fits defaults to what was said", () => {
    const { limits, timeouts } = resolved({
      limits: { headBytes: 4_096, outstandingPerServer: 2 },
      timeouts: { clientIdleMs: 500 },
    });
    expect(limits).toMatchObject({ targetBytes: 2_048, trailerBytes: 4_096, idlePerServer: 2 });
    expect(timeouts.serverIdleMs).toBe(500);
  });

  test("warns when server connections outlive clients by what was said", () => {
    expect(warnings({ timeouts: { clientIdleMs: 1_000, serverIdleMs: 2_000 } })).toEqual([
      expect.stringContaining("timeouts.serverIdleMs: 2000 is more than clientIdleMs (1000)"),
    ]);
  });

  test("judges relations between limits beside an unknown key", () => {
    expect(mistakes({ limits: { headBytes: 1_024, targetBytes: 2_048, x: 1 } })).toEqual([
      expect.stringContaining("limits.x: unknown key"),
      expect.stringContaining("limits.targetBytes: found 2048"),
    ]);
  });
});

describe("resolveConfig() on secrets", () => {
  const SECRET = "c2VjcmV0LXRoYXQtbm9ib2R5LW1heS1zZWU";

  test("reads them from the environment and from files, without the last line break", () => {
    const tokens = (token: SecretOptions) => resolved({ admin: { token } }).admin.tokens;
    expect(tokens({ env: "SHUNT_TOKEN" })).toEqual([
      { name: "admin", role: "admin", sha256: sha256("from-the-environment") },
    ]);
    expect(tokens({ file: "token" })).toMatchObject([{ sha256: sha256("from-a-file") }]);
  });

  test("takes them inline with a warning that does not repeat them", () => {
    const admin = { token: SECRET };
    expect(resolved({ admin }).admin.tokens).toMatchObject([{ sha256: sha256(SECRET) }]);
    expect(warnings({ admin })).toEqual([expect.stringContaining("admin.token: a secret stands in")]);
    expect(warnings({ admin }).join()).not.toContain(SECRET);
  });

  test("never repeats them in a mistake", () => {
    const places = [
      { admin: { token: `${SECRET} ` } },
      { admin: { token: [SECRET] } },
      { admin: { token: { value: SECRET } } },
      { admin: { host: SECRET } },
      { identity: { jwt: { key: { secret: SECRET, pem: SECRET } } } },
      { identity: { jwt: { key: SECRET } } },
      { identity: { jwt: SECRET } },
      { identity: { jwt: { key: { pem: SECRET } } } },
      { identity: { jwt: { key: { jwks: `{ "keys": [{ "kty": "oct", "k": "${SECRET}" }] }` } } } },
      pool({}, { a: { url: `http://user:${SECRET}@a` } }),
    ];
    for (const raw of places) {
      const found = mistakes(raw);
      expect(found).toHaveLength(1);
      expect(found.join()).not.toContain(SECRET.slice(0, 8));
    }
  });

  test("refuses a token that no Authorization field can carry", () => {
    expect(mistakes({ admin: { token: "two words" } })).toEqual([
      expect.stringContaining("admin.token: the token cannot be sent as a bearer token"),
    ]);
  });
});

describe("resolveConfig() on tokens", () => {
  const token = "0123456789abcdef";

  test("keeps hashes of them, with names and roles, whether it is given the token or its hash", () => {
    const tokens = {
      ann: { token, role: "operate" },
      robot: { token: `sha256:${sha256("another").toUpperCase()}`, role: "read" },
    } as const;
    expect(resolved({ admin: { tokens } }).admin.tokens).toEqual([
      { name: "ann", role: "operate", sha256: sha256(token) },
      { name: "robot", role: "read", sha256: sha256("another") },
    ]);
    expect(warnings({ admin: { tokens } })).toEqual([expect.stringContaining("admin.tokens.ann.token:")]);
    expect(mistakes({ admin: { host: "0.0.0.0", tokens } })).toEqual([]);
  });

  test.each([
    [
      "a short one",
      { tokens: { a: { token: token.slice(1), role: "read" } } },
      "tokens.a.token: the token is short",
    ],
    ["a short one beyond loopback", { host: "0.0.0.0", token: "short" }, "admin.token: the token is short"],
    ["a role that there is not", { tokens: { a: { token, role: "root" } } }, "tokens.a.role: found a text"],
    [
      "a hash that is none",
      { tokens: { a: { token: "sha256:00", role: "read" } } },
      "cannot be sent as a bearer",
    ],
    ["one token twice", { token, tokens: { a: { token, role: "read" } } }, 'the token of "admin" already'],
    [
      "a name twice",
      { token, tokens: { admin: { token: `${token}0`, role: "read" } } },
      '"admin" is the name of admin.token already',
    ],
  ])("refuses %s", (_, admin, mistake) => {
    expect(mistakes({ admin })).toEqual(expect.arrayContaining([expect.stringContaining(mistake)]));
  });

  test("warns about a short admin.token on loopback", () => {
    expect(warnings({ admin: { token: { file: "token" } } })).toEqual([
      expect.stringContaining("admin.token: the token is short enough to be guessed"),
    ]);
  });
});

describe("resolveConfig() on identity", () => {
  const spki = { type: "spki", format: "pem" } as const;
  const pkcs8 = { type: "pkcs8", format: "pem" } as const;
  const p256 = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const ed25519 = generateKeyPairSync("ed25519");
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const pem = p256.publicKey.export(spki).toString();

  function jwt(options: object) {
    return { identity: { jwt: options } } as Partial<ShuntOptions>;
  }

  test("fills in the defaults of a token", () => {
    expect(resolved(jwt({ key: { pem } })).identity).toEqual({
      kind: "jwt",
      jwt: {
        claim: "sub",
        from: { kind: "bearer" },
        algorithms: ["ES256"],
        key: { kind: "pem", value: pem },
        issuer: undefined,
        audience: undefined,
        clockToleranceSeconds: 5,
      },
    });
  });

  test.each([
    ["ES256", p256.publicKey],
    ["EdDSA", ed25519.publicKey],
    ["RS256", rsa.publicKey],
  ])("finds out that the key is for %s, in PEM and in a JWK Set", (algorithm, key) => {
    const jwks = JSON.stringify({ keys: [{ kty: "new" }, key.export({ format: "jwk" })] });
    expect(resolved(jwt({ key: { pem: key.export(spki) } })).identity).toMatchObject({
      jwt: { algorithms: [algorithm] },
    });
    expect(resolved(jwt({ key: { jwks } })).identity).toMatchObject({ jwt: { algorithms: [algorithm] } });
  });

  test("refuses a public key as the secret of HS256, and the other way round", () => {
    expect(mistakes(jwt({ key: { pem }, algorithms: ["ES256", "HS256"] }))).toEqual([
      'identity.jwt.algorithms[1]: "HS256" does not fit the key; expected "ES256", which the key can verify',
    ]);
    expect(mistakes(jwt({ key: { secret: "s".repeat(32) }, algorithms: ["RS256"] }))).toEqual([
      expect.stringContaining('"RS256" does not fit the key; expected "HS256"'),
    ]);
  });

  test("refuses private keys, weak keys and keys that are none", () => {
    const weak = generateKeyPairSync("rsa", { modulusLength: 1_024 }).publicKey.export(spki);
    const privatePem = p256.privateKey.export(pkcs8);
    const privateSet = JSON.stringify({ keys: [p256.privateKey.export({ format: "jwk" })] });
    expect(mistakes(jwt({ key: { pem: privatePem } }))).toEqual([
      expect.stringContaining("this is a private key"),
    ]);
    expect(mistakes(jwt({ key: { jwks: privateSet } }))).toEqual([
      expect.stringContaining("has a private or symmetric key"),
    ]);
    expect(mistakes(jwt({ key: { pem: weak } }))).toEqual([
      expect.stringContaining("rsa (1024 bits) cannot be used"),
    ]);
    expect(mistakes(jwt({ key: { pem: "x" } }))).toEqual([
      expect.stringContaining("is not a public key in PEM"),
    ]);
    expect(mistakes(jwt({ key: { jwks: "[]" } }))).toEqual([expect.stringContaining("is not a JWK Set")]);
  });

  test("warns about a short secret", () => {
    expect(warnings(jwt({ key: { secret: { env: "SHUNT_TOKEN" } } }))).toEqual([
      expect.stringContaining("shorter than the 32 bytes"),
    ]);
  });

  test("looks for the key even when another option is wrong", () => {
    expect(mistakes(jwt({ key: { pem: { file: "none" } }, claim: 3 }))).toEqual([
      expect.stringContaining("identity.jwt.claim"),
      expect.stringContaining('identity.jwt.key.pem.file: cannot read "none"'),
    ]);
  });

  test("lowers the header name, and warns when no peer is trusted", () => {
    const identity = { header: "X-User" };
    const trust = { peers: ["10.0.0.0/8"] };
    expect(resolved({ identity, trust }).identity).toEqual({ kind: "header", name: "x-user" });
    expect(warnings({ identity, trust })).toEqual([]);
    expect(warnings({ identity })).toEqual([
      expect.stringContaining("identity.header: nobody will be identified"),
    ]);
  });

  test("allows conditions on the user when somebody can be identified", () => {
    const rules = [{ name: "a", when: { user: true }, class: "general" }];
    expect(mistakes({ rules, identity: { basic: true } })).toEqual([]);
  });
});
