import type { ResolvedConfig } from "@shunt/core";
import type { ConditionOptions, MatcherOptions, ShuntOptions } from "@shunt/core/config";
import { formatMistake, type ResolveContext, resolveConfig } from "@shunt/core/config/resolving";
import fc from "fast-check";
import { expect, test } from "vitest";
import { HIDDEN, optionsOf, ownOptionsOf, REPLACED, SECRET, SHOWN } from "./options-of.ts";

const CONTEXT: ResolveContext = {
  cores: 2,
  statePath: "/state",
  absolutePath: (path) => path,
  env: () => undefined,
  readFile: () => "",
};

function resolved(options: unknown): ResolvedConfig {
  const result = resolveConfig(options, CONTEXT);
  if (!result.ok) throw new Error(result.mistakes.map(formatMistake).join("\n"));
  return result.config;
}

function whole(config: ResolvedConfig): unknown {
  return { ...optionsOf(config, SHOWN), ...ownOptionsOf(config, SHOWN) };
}

const text = fc.string({ minLength: 1, maxLength: 8, unit: "grapheme" });
const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,8}$/);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const integer = (min: number, max: number) => fc.integer({ min, max });

/** Tests of a fact whose values may be anything. */
const matcher: fc.Arbitrary<MatcherOptions> = fc.oneof(
  text,
  fc.boolean(),
  text.map((prefix) => ({ prefix })),
  text.map((suffix) => ({ suffix })),
  text.map((contains) => ({ contains })),
  fc.array(text, { minLength: 1, maxLength: 3 }).map((values) => ({ in: values })),
  fc.constantFrom("^a+$", "[0-9]").map((regex) => ({ regex })),
);
const path = fc.webPath().filter((each) => each.startsWith("/") && !each.includes("?"));
/** With the dot of the root at its end, and with more. */
const host = fc.tuple(fc.domain(), fc.constantFrom("", ".", "..", "...")).map((parts) => parts.join(""));
const address = fc.oneof(fc.ipV4(), fc.ipV6());
const named = fc.dictionary(token, matcher, { minKeys: 1, maxKeys: 2 });

const { condition } = fc.letrec<{ condition: ConditionOptions }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3 },
    fc.record(
      {
        method: fc.constantFrom("GET", "BREW"),
        host: fc.oneof(
          host,
          host.map((suffix) => ({ suffix })),
        ),
        path: fc.oneof(
          path,
          path.map((prefix) => ({ prefix })),
        ),
        query: named,
        header: named,
        cookie: named,
        body: named,
        client: fc.oneof(
          address,
          fc.array(address, { minLength: 1, maxLength: 2 }).map((list) => ({ in: list })),
        ),
        user: matcher,
      },
      { requiredKeys: [] },
    ),
    fc.array(tie("condition"), { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
    fc.array(tie("condition"), { minLength: 1, maxLength: 3 }).map((any) => ({ any })),
    tie("condition").map((not) => ({ not })),
  ),
}));

const limit = fc.record({
  outstanding: integer(1, 1_000),
  scope: maybe(fc.constantFrom("acceptor", "cluster")),
});

const checkNumbers = {
  port: maybe(integer(1, 65_535)),
  intervalMs: maybe(integer(1, 10_000)),
  timeoutMs: maybe(integer(1, 10_000)),
  rise: maybe(integer(1, 9)),
};
const httpCheck = fc.record({
  path: fc.constantFrom("/", "/healthz?a=b"),
  method: maybe(fc.constantFrom("GET", "OPTIONS")),
  host: maybe(fc.constant("a.example")),
  status: maybe(fc.constantFrom<unknown>(204, "200-299", [200, "301-302"])),
  body: maybe(fc.constant("ok")),
});

const health = fc.record({
  active: maybe(
    fc.oneof(
      fc.record({ tcp: fc.constant(true), ...checkNumbers }),
      fc.record({ http: httpCheck, ...checkNumbers }),
    ),
  ),
  passive: maybe(
    fc.record({
      failures: maybe(integer(0, 9)),
      errorPercent: maybe(integer(1, 100)),
      timeoutPercent: maybe(integer(1, 100)),
      latencyFactor: maybe(fc.constantFrom(1.5, 10)),
      maxEjectedPercent: maybe(integer(1, 100)),
      baseMs: maybe(integer(1, 90_000)),
    }),
  ),
  slowStartMs: maybe(integer(0, 9_000)),
  panicPercent: maybe(integer(0, 100)),
});

const pool = fc.record({
  health: maybe(health),
  hash: maybe(
    fc.constantFrom("client", "path", { header: "X-Cart" }, { cookie: "Cart" }, { query: "q" } as const),
  ),
  balance: fc.constantFrom("least-load", "p2c", "peak-ewma", "round-robin"),
  sharedLoad: fc.boolean(),
  announcedLoad: maybe(fc.constantFrom("response", { poll: "/load" }, { poll: "/l", intervalMs: 500 })),
  limit: maybe(limit),
  proxyProtocol: fc.constantFrom("off", "v1", "v2"),
  servers: fc.array(
    fc.record({
      weight: maybe(integer(1, 256)),
      state: maybe(fc.constantFrom("ready", "drain", "maintenance")),
      limit: maybe(limit),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

const options = fc
  .record({
    pools: fc.array(pool, { minLength: 1, maxLength: 3 }),
    rules: fc.array(condition, { maxLength: 3 }),
    spill: fc.boolean(),
    bodyBytes: maybe(integer(0, 1_000_000)),
    identity: fc.constantFrom(
      { header: "X-User" },
      { basic: true },
      { jwt: { key: { secret: "a secret of thirty-two characters" } } },
      { jwt: { key: { secret: "short" }, from: { cookie: "T" }, issuer: "i", audience: "a", claim: "c" } },
    ),
    limits: fc.record({ headBytes: maybe(integer(1_024, 65_536)), fields: maybe(integer(8, 512)) }),
    timeouts: fc.record({ clientIdleMs: maybe(integer(1, 100_000)) }),
    leniency: fc.record({ ambiguousPaths: maybe(fc.boolean()) }),
    trust: fc.record({
      peers: fc.array(address, { maxLength: 2 }),
      fields: fc.array(fc.constant("X-Tier"), { maxLength: 1 }),
    }),
    tokens: fc.array(
      fc.tuple(fc.constantFrom("admin", "zoe", "7"), fc.constantFrom("read", "operate", "admin")),
      { maxLength: 3 },
    ),
    unnamed: fc.boolean(),
  })
  .map((made) => {
    const names = made.pools.map((_, index) => `p${index}`);
    return {
      listeners: { web: { port: 8080 }, proxied: { port: 8081, host: "::1" } },
      pools: Object.fromEntries(
        made.pools.map(({ hash, limit, servers, ...rest }, index) => [
          names[index],
          {
            ...rest,
            ...(hash === undefined ? {} : { balance: "hash", hashOn: hash }),
            ...(limit === undefined ? {} : { limit }),
            servers: Object.fromEntries(
              servers.map((server, at) => [
                `s${at}`,
                { ...server, url: `http://[::1]:${1_000 + index * 10 + at}` },
              ]),
            ),
          },
        ]),
      ),
      classes: Object.fromEntries(
        names.map((name, index) => [
          `c${index}`,
          {
            pool: name,
            ...(made.spill && names.length > 1 ? { spill: names[(index + 1) % names.length] } : {}),
            bodyBytes: made.bodyBytes,
          },
        ]),
      ),
      rules: made.rules.map((when, index) => ({ name: `r${index}`, when, class: "c0" })),
      defaultClass: "c0",
      identity: made.identity,
      limits: made.limits,
      timeouts: made.timeouts,
      leniency: made.leniency,
      trust: made.trust,
      admin: {
        ...(made.unnamed ? { token: "token-without-a-name" } : {}),
        tokens: Object.fromEntries(
          made.tokens.map(([name, role]) => [
            `${name}${made.unnamed ? "-too" : ""}`,
            { token: `token-of-${name}-012345`, role },
          ]),
        ),
      },
    };
  })
  .map(({ admin, ...rest }) => ({
    ...rest,
    admin: Object.keys(admin.tokens).length === 0 ? { ...admin, tokens: undefined } : admin,
  }));

test("optionsOf() gives options that resolve to the same configuration, through JSON as well", () => {
  let judged = 0;
  fc.assert(
    fc.property(options, (made) => {
      const first = resolveConfig(made, CONTEXT);
      // Conditions are made by chance: some rules imply others, or test what cannot be.
      if (!first.ok) return;
      judged += 1;
      expect(resolved(whole(first.config))).toStrictEqual(first.config);
      expect(resolved(JSON.parse(JSON.stringify(whole(first.config))))).toStrictEqual(first.config);
    }),
    { numRuns: 100 },
  );
  expect(judged).toBeGreaterThan(30);
}, 60_000);

const JWT = {
  listeners: { web: { port: 0 } },
  pools: { all: { servers: { s1: { url: "http://127.0.0.1:1" } } } },
  classes: { all: { pool: "all" } },
  defaultClass: "all",
  identity: { jwt: { key: { secret: "the-signing-secret" } } },
  admin: { token: "token-of-the-admin", tokens: { rita: { token: "token-of-rita-0123", role: "read" } } },
} as const satisfies ShuntOptions;

test("optionsOf() writes defaults out, and no secret unless it is asked to", () => {
  const config = resolved(JWT);
  const shown = { ...optionsOf(config, REPLACED), ...ownOptionsOf(config, REPLACED) };
  expect(shown).toMatchObject({
    acceptors: 2,
    rules: [],
    pools: { all: { servers: { s1: { url: "http://127.0.0.1:1", weight: 1, state: "ready" } } } },
    timeouts: { headMs: 10_000 },
    identity: { jwt: { key: { secret: SECRET }, claim: "sub", from: "bearer" } },
    admin: { token: SECRET, tokens: { rita: { token: SECRET, role: "read" } } },
  });
  const hidden = { ...optionsOf(config, HIDDEN), ...ownOptionsOf(config, HIDDEN) };
  expect(JSON.stringify(hidden)).toBe(JSON.stringify(shown));
});
