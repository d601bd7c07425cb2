import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { planFor } from "../../packages/core/src/balance/plan.ts";
import type { PoolView } from "../../packages/core/src/balance/view.ts";
import { compileRules } from "../../packages/core/src/classify/compile.ts";
import type { Facts } from "../../packages/core/src/classify/facts.ts";
import { DEFAULT_HEALTH, UNBOUNDED } from "../../packages/core/src/config/defaults.ts";
import type { ResolvedRule, ResolvedServer } from "../../packages/core/src/config/resolved.ts";
import { decide } from "../../packages/core/src/decide.ts";
import { readPackages, resolveRelative, type SourceFile } from "../tidy/source.ts";

/**
 * Claims C13 to C15 and C27 to C29 speak of a second data plane, which rewrites addresses and sequence numbers at the
 * IP layer. It is not there yet; these tests keep the way free: what it would share knows nothing of sockets.
 */

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SOCKETS = /^(?:node:)?(?:net|tls|http|https|http2|dgram|dns)(?:\/|$)|^undici(?!\/lib\/llhttp\/)/;

const files = new Map(
  readPackages(ROOT)
    .filter(({ proof }) => !proof)
    .map((file) => [file.path, file]),
);

/** The files that run when one of `roots` is loaded, and the modules from outside that they bring in. */
function loaded(roots: readonly SourceFile[]): { paths: Set<string>; modules: Set<string> } {
  const paths = new Set<string>();
  const modules = new Set<string>();
  const visit = (file: SourceFile): void => {
    if (paths.has(file.path)) return;
    paths.add(file.path);
    for (const { specifier, typeOnly } of file.imports) {
      if (typeOnly) continue;
      const target = files.get(resolveRelative(file.path, specifier) ?? "");
      if (target === undefined) modules.add(specifier);
      else visit(target);
    }
  };
  for (const root of roots) visit(root);
  return { paths, modules };
}

function under(folder: string): SourceFile[] {
  const found = [...files.values()].filter(({ path }) => path.startsWith(folder));
  expect(found.length).toBeGreaterThan(0);
  return found;
}

test.each([
  ["the decision", "packages/core/src/"],
  ["the choice of a server", "packages/worker/src/select/"],
  ["the tracking of exchanges", "packages/worker/src/track/"],
  ["the judgement of heads", "packages/worker/src/classify/"],
])("C13, C14, C15, C27, C28, C29: %s loads no module that opens sockets (%s)", (_, folder) => {
  const { paths, modules } = loaded(under(folder));
  expect(paths.size).toBeGreaterThan(1);
  expect([...modules].filter((module) => SOCKETS.test(module))).toEqual([]);
});

test("C13, C14, C15, C27, C28, C29: this test would see a socket", () => {
  const { modules } = loaded(under("packages/worker/src/acceptor.ts"));
  expect([...modules].filter((module) => SOCKETS.test(module))).toContain("node:net");
});

const server = (name: string): ResolvedServer => ({
  name,
  host: name,
  port: 80,
  authority: name,
  weight: 1,
  state: "ready",
});

const POOLS = ["gold", "general"].map((name) => ({
  name,
  servers: [server(`${name}1`), server(`${name}2`)],
  balance: "least-load" as const,
  hashOn: undefined,
  share: "off" as const,
  proxyProtocol: "off" as const,
  sharedLoad: true,
  announcedLoad: undefined,
  health: DEFAULT_HEALTH,
}));

const RULES: readonly ResolvedRule[] = [
  {
    name: "gold cookie",
    when: { kind: "test", on: { fact: "cookie", name: "tier" }, matcher: { kind: "equal", value: "gold" } },
    class: 0,
  },
];

/** Facts as somebody could read them out of packets: values, and nothing that they hang on. */
function factsOf(tier: string | undefined): Facts {
  return {
    method: "GET",
    host: "shunt.test",
    path: "/",
    client: { family: 4, words: [0x7f000001, 0, 0, 0], text: "127.0.0.1" },
    user: undefined,
    header: () => [],
    query: () => [],
    cookie: (name) => (name === "tier" && tier !== undefined ? [tier] : []),
    body: () => ({ state: "absent", values: [] }),
    contentUnread: false,
    names: () => [],
  };
}

function viewOf(pool: (typeof POOLS)[number], outstanding: readonly number[]): PoolView {
  return {
    balance: pool.balance,
    candidates: pool.servers.map(({ name, weight }, i) => ({
      name,
      weight,
      ramp: 1,
      ready: true,
      outstanding: outstanding[i] ?? 0,
      reported: 0,
      reportedAverage: 0,
      reportedAgeMs: 0,
      announced: 0,
      announcedAgeMs: 0,
      latencyMs: 0,
      limit: UNBOUNDED,
      room: UNBOUNDED,
    })),
    acceptors: 1,
    outstandingPerServer: 100,
    outstandingLimit: 0,
    room: UNBOUNDED,
    turn: 0,
    plan: planFor(pool.servers, pool.balance),
  };
}

test("C13, C14, C15, C27, C28, C29: the whole decision follows from plain data, the same whenever it is made", () => {
  const rules = {
    compiled: compileRules(RULES, 1),
    classes: [
      { name: "gold", pool: 0, spill: -1 },
      { name: "general", pool: 1, spill: -1 },
    ],
    pools: POOLS,
  };
  // Through a structured clone: what is decided by survives the way to another process.
  const views = structuredClone(POOLS.map((pool) => viewOf(pool, [3, 1])));
  const decided = (tier: string | undefined) => decide(factsOf(tier), rules, (pool) => views[pool], 42);
  expect(decided("gold")).toEqual(decided("gold"));
  expect(decided("gold").choice).toMatchObject({ pool: 0, server: 1 });
  expect(decided(undefined).choice).toMatchObject({ pool: 1, server: 1 });
});
