/**
 * What a decision costs at 10, 1,000 and 100,000 rules: 70 % host and path, 20 % cookie or header equality, 9 % CIDR,
 * 1 % expression or absence. Then the same where all rules are residual: an expression each without a literal text, so that no index helps. Run with `node packages/core/src/classify/classify.bench.ts`.
 */
import type { Condition, FactName, Matcher, ResolvedRule } from "../config/resolved.ts";
import { classify } from "./classify.ts";
import { type CompiledRules, compileRules } from "./compile.ts";
import type { Facts } from "./facts.ts";
import { factsOf } from "./test-facts.ts";

const ROUNDS = 7;
const DECISIONS = 200_000;
/** Of rules that are all looked at for every decision, this many in a round are enough. */
const RESIDUAL_TESTS = 20_000_000;

function is(on: FactName, matcher: Matcher): Condition {
  return { kind: "test", on, matcher };
}

function all(...of: Condition[]): Condition {
  return { kind: "all", of };
}

/**
 * The n-th rule of the mix. Of each hundred: 70, 10, 10, 9, and alternately an expression or an absence. The stride
 * mixes the kinds, so that 10 rules have all but the last.
 */
function condition(n: number): Condition {
  const place = (n * 37) % 100;
  if (place < 70) {
    const path = is({ fact: "path" }, { kind: "prefix", value: `/service-${n % 1_000}/` });
    return all(is({ fact: "host" }, { kind: "equal", value: `site-${n % 3_000}.example` }), path);
  }
  if (place < 80) return is({ fact: "cookie", name: `flag-${n % 200}` }, { kind: "equal", value: `v${n}` });
  if (place < 90) return is({ fact: "header", name: "x-tenant" }, { kind: "equal", value: `tenant-${n}` });
  if (place < 99) {
    const value = `10.${(n >> 8) & 255}.${n & 255}.0/${n % 2 === 0 ? 24 : 26}`;
    return is({ fact: "client" }, { kind: "equal", value });
  }
  if (n % 200 < 100)
    return is({ fact: "path" }, { kind: "regex", value: `^/report-${n}/[0-9]+\\.(csv|pdf)$` });
  const path = is({ fact: "path" }, { kind: "prefix", value: `/signup-${n}/` });
  return all(is({ fact: "cookie", name: "session" }, { kind: "absent" }), path);
}

function mix(count: number): ResolvedRule[] {
  return Array.from({ length: count }, (_, n) => ({ name: `rule ${n}`, when: condition(n), class: n % 4 }));
}

/** Requests that rules of each kind match, each sixth of them; two sixths match none. */
function requests(count: number): Facts[] {
  return Array.from({ length: 300 }, (_, index) => request(index % 6, Math.floor((index / 300) * count)));
}

function request(kind: number, n: number): Facts {
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
    case 0:
      return factsOf({
        ...plain,
        host: `site-${n % 3_000}.example`,
        path: `/service-${n % 1_000}/orders/4711`,
      });
    case 1:
      return factsOf({ ...plain, headers: { ...headers, "x-tenant": `tenant-${n}` } });
    case 2:
      return factsOf({ ...plain, client: `10.${(n >> 8) & 255}.${n & 255}.7` });
    case 3:
      return factsOf({ ...plain, cookies: { ...cookies, [`flag-${n % 200}`]: `v${n}` } });
    default:
      return factsOf({ ...plain, path: `/report-${n}/17.html` });
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

function report(title: string, rules: readonly ResolvedRule[], decisions: number): void {
  const begin = performance.now();
  const compiled = compileRules(rules, 0);
  const compileMs = performance.now() - begin;
  const ns = measure(requests(rules.length), compiled, decisions);
  const columns = [
    title,
    rules.length,
    "rules",
    ns.toFixed(0),
    "ns per decision, compiled in",
    compileMs.toFixed(0),
    "ms",
  ];
  console.log(columns.map((column) => String(column).padStart(8)).join(" "));
}

for (const count of [10, 1_000, 100_000]) report("mix", mix(count), DECISIONS);
for (const count of [10, 1_000, 10_000]) {
  report("residual", residual(count), Math.min(DECISIONS, Math.ceil(RESIDUAL_TESTS / count / 100)));
}
