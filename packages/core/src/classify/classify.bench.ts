/**
 * What a decision costs at 10, 1,000 and 100,000 rules: 70 % host and path, 20 % cookie or header equality, 9 % CIDR,
 * 1 % expression or absence. No rule is implied by another. Two thirds of the requests match a rule, of each kind as many
 * as there are rules of it, whatever the number of rules; the rest none. There are 300 of them, and then 3,000, which with
 * their rules are more than the caches near the processor hold. Then the same where all rules are residual: an expression each
 * without a literal text, so that no index helps. Run with `node --expose-gc packages/core/src/classify/classify.bench.ts`:
 * without that option nothing is said about memory.
 */
import type { Condition, FactName, Matcher, ResolvedRule } from "../config/resolved.ts";
import { classify } from "./classify.ts";
import { type CompiledRules, compileRules } from "./compile.ts";
import type { Facts } from "./facts.ts";
import { factsOf } from "./test-facts.ts";

const ROUNDS = 7;
const DECISIONS = 200_000;
/** Different requests in a row. */
const SETS = [300, 3_000];
/** Of rules that are all looked at for every decision, this many in a round are enough. */
const RESIDUAL_TESTS = 20_000_000;

function is(on: FactName, matcher: Matcher): Condition {
  return { kind: "test", on, matcher };
}

function all(...of: Condition[]): Condition {
  return { kind: "all", of };
}

const KINDS = ["host and path", "cookie", "header", "client", "expression", "absence", "none"] as const;
type Kind = (typeof KINDS)[number];

/** Kinds of each hundred rules: 70, 10, 10, 9, and alternately an expression or an absence. The stride mixes them. */
function kindOf(n: number): Kind {
  const place = (n * 37) % 100;
  if (place < 70) return "host and path";
  if (place < 80) return "cookie";
  if (place < 90) return "header";
  if (place < 99) return "client";
  return n % 200 < 100 ? "expression" : "absence";
}

/** The n-th rule of the mix. */
function condition(n: number): Condition {
  switch (kindOf(n)) {
    case "host and path": {
      const path = is({ fact: "path" }, { kind: "prefix", value: `/service-${Math.floor(n / 3_000)}/` });
      return all(is({ fact: "host" }, { kind: "equal", value: `site-${n % 3_000}.example` }), path);
    }
    case "cookie":
      return is({ fact: "cookie", name: `flag-${n % 200}` }, { kind: "equal", value: `v${n}` });
    case "header":
      return is({ fact: "header", name: "x-tenant" }, { kind: "equal", value: `tenant-${n}` });
    case "client":
      return is({ fact: "client" }, { kind: "equal", value: `${network(n)}.0/${n % 2 === 0 ? 24 : 26}` });
    case "expression":
      return is({ fact: "path" }, { kind: "regex", value: `^/report-${n}/[0-9]+\\.(csv|pdf)$` });
    default: {
      const path = is({ fact: "path" }, { kind: "prefix", value: `/signup-${n}/` });
      return all(is({ fact: "cookie", name: "session" }, { kind: "absent" }), path);
    }
  }
}

function network(n: number): string {
  return `${10 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
}

function mix(count: number): ResolvedRule[] {
  return Array.from({ length: count }, (_, n) => ({ name: `rule ${n}`, when: condition(n), class: n % 4 }));
}

/** Of each 150 requests 100 match a rule, of the kinds that rules have, all over the list. The stride mixes them. */
function requests(count: number, rules: number): Facts[] {
  return Array.from({ length: count }, (_, index) => {
    const place = (index * 37) % 150;
    const kind = place < 100 ? kindOf(index) : "none";
    return request(kind, nextOf(kind, Math.floor((index / count) * rules), rules));
  });
}

/** The number of the next rule of that kind; where there is none, of any rule. */
function nextOf(kind: Kind, from: number, rules: number): number {
  for (let step = 0; step < Math.min(rules, 200); step++) {
    const n = (from + step) % rules;
    if (kindOf(n) === kind) return n;
  }
  return from;
}

function request(kind: Kind, n: number): Facts {
  const headers = { accept: "*/*", "user-agent": "bench", host: "unknown.example" };
  const cookies = { session: "0123456789abcdef", theme: "dark" };
  const plain = {
    host: "unknown.example",
    path: "/service-x/index.html",
    client: "192.0.2.1",
    headers,
    cookies,
  };
  switch (kind) {
    case "host and path":
      return factsOf({
        ...plain,
        host: `site-${n % 3_000}.example`,
        path: `/service-${Math.floor(n / 3_000)}/orders/4711`,
      });
    case "cookie":
      return factsOf({ ...plain, cookies: { ...cookies, [`flag-${n % 200}`]: `v${n}` } });
    case "header":
      return factsOf({ ...plain, headers: { ...headers, "x-tenant": `tenant-${n}` } });
    case "client":
      return factsOf({ ...plain, client: `${network(n)}.7` });
    case "expression":
      return factsOf({ ...plain, path: `/report-${n}/17.csv` });
    case "absence":
      return factsOf({ ...plain, path: `/signup-${n}/form`, cookies: { theme: "dark" } });
    case "none":
      return factsOf({ ...plain, host: `other-${n}.example` });
  }
}

/** Nanoseconds for one decision, the best of several rounds: noise only ever adds. */
function measure(facts: readonly Facts[], compiled: CompiledRules, decisions = DECISIONS): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const begin = process.hrtime.bigint();
    let matched = 0;
    for (let n = 0; n < decisions; n++) matched += classify(facts[n % facts.length] as Facts, compiled);
    const nanoseconds = Number(process.hrtime.bigint() - begin);
    if (Number.isNaN(matched)) throw new Error("no decision was made");
    best = Math.min(best, nanoseconds / decisions);
  }
  return best;
}

function residual(count: number): ResolvedRule[] {
  return Array.from({ length: count }, (_, n) => ({
    name: `rule ${n}`,
    when: is(
      { fact: "path" },
      { kind: "regex", value: `^\\D{${1 + (n % 100)}}\\d{${3 + Math.floor(n / 100)}}$` },
    ),
    class: n % 4,
  }));
}

function report(
  title: string,
  rules: readonly ResolvedRule[],
  decisions: number,
  sets: readonly number[],
): void {
  const before = heapMiB();
  const begin = performance.now();
  const compiled = compileRules(rules, 0);
  const compileMs = performance.now() - begin;
  const heap = heapMiB() - before;
  const times = sets.map((count) => measure(requests(count, rules.length), compiled, decisions).toFixed(0));
  const columns = [
    title,
    rules.length,
    "rules",
    ...times,
    "ns per decision, compiled in",
    compileMs.toFixed(0),
    "ms",
  ];
  const memory = Number.isNaN(heap) ? "" : `, ${heap.toFixed(1)} MiB`;
  console.log(columns.map((column) => String(column).padStart(8)).join(" ") + memory);
}

/** Of what is in use; NaN where nobody can tell. */
function heapMiB(): number {
  globalThis.gc?.();
  return globalThis.gc === undefined ? Number.NaN : process.memoryUsage().heapUsed / 2 ** 20;
}

for (const count of [10, 1_000, 100_000]) report("mix", mix(count), DECISIONS, SETS);
for (const count of [10, 1_000, 10_000]) {
  const decisions = Math.min(DECISIONS, Math.ceil(RESIDUAL_TESTS / count / 100));
  report("residual", residual(count), decisions, [300]);
}
