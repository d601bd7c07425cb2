import { describe, expect, test } from "vitest";
import { readCondition } from "../config/condition.ts";
import type { ConditionOptions } from "../config/options.ts";
import type { ResolvedRule } from "../config/resolved.ts";
import { below, draw } from "../random.ts";
import { classify } from "./classify.ts";
import { compileRules } from "./compile.ts";
import { implies, toFormula } from "./implication.ts";
import { findUnreachable } from "./reachability.ts";
import { factsOf, type PlainFacts } from "./test-facts.ts";

/** Rules as a person writes their conditions. */
function rulesOf(...conditions: readonly ConditionOptions[]): ResolvedRule[] {
  return conditions.map((raw, index) => {
    const when = readCondition(raw, [], []);
    if (when === undefined) throw new TypeError(`Condition ${index} has a mistake: ${JSON.stringify(raw)}`);
    return { name: `rule ${index}`, when, class: 0 };
  });
}

/** Whether the second of two rules is reported. */
function covers(earlier: ConditionOptions, later: ConditionOptions): boolean {
  return findUnreachable(rulesOf(earlier, later)).length === 1;
}

describe("findUnreachable()", () => {
  const COVERED: readonly [string, ConditionOptions, ConditionOptions][] = [
    ["the same test again", { cookie: { tier: "gold" } }, { cookie: { tier: "gold" } }],
    ["anything after a rule for everything", {}, { path: "/a" }],
    ["a rule for everything after a rule for everything", {}, {}],
    ["a narrower conjunction", { path: "/a" }, { path: "/a", method: "GET" }],
    ["a conjunction in another order", { path: "/a", method: "GET" }, { method: "GET", path: "/a" }],
    ["a value that is present", { header: { "x-a": true } }, { header: { "X-A": { contains: "b" } } }],
    ["one value of a list", { method: { in: ["GET", "HEAD"] } }, { method: "HEAD" }],
    ["a field of the content that is present", { body: { "/a": true } }, { body: { "/a": { prefix: "x" } } }],
    ["content that is not equal, then absent", { not: { body: { "/a": "1" } } }, { body: { "/a": false } }],
    ["a list inside a list", { user: { in: ["a", "b", "c"] } }, { user: { in: ["c", "a"] } }],
    ["a value with the prefix", { path: { prefix: "/api" } }, { path: "/api/users" }],
    ["the prefix itself", { path: { prefix: "/api" } }, { path: "/api" }],
    ["the suffix itself", { host: { suffix: "a.org" } }, { host: "a.org" }],
    ["a longer prefix", { path: { prefix: "/api" } }, { path: { prefix: "/api/v2" } }],
    ["values that all have the suffix", { host: { suffix: ".org" } }, { host: { in: ["a.org", "B.ORG"] } }],
    ["a longer suffix", { path: { suffix: ".png" } }, { path: { suffix: "/a.png" } }],
    ["a prefix that contains the part", { path: { contains: "admin" } }, { path: { prefix: "/x/admin/" } }],
    ["the same expression", { path: { regex: "^/a+$" } }, { path: { regex: "^/a+$" }, method: "GET" }],
    ["an address of the block", { client: "10.1.0.0/16" }, { client: "10.1.2.3" }],
    ["a block of the block", { client: { in: ["192.0.2.0/24", "10.0.0.0/8"] } }, { client: "10.1.0.0/16" }],
    ["a mapped block of the block", { client: "10.0.0.0/8" }, { client: "::ffff:10.1.0.0/112" }],
    ["an IPv6 address of the block", { client: "2001:db8::/33" }, { client: "2001:db8:7fff::1" }],
    ["one of several alternatives", { any: [{ path: "/a" }, { path: "/b" }] }, { path: "/b" }],
    [
      "alternatives that are all covered",
      { path: { in: ["/a", "/b"] } },
      { any: [{ path: "/a", method: "GET" }, { path: "/b" }] },
    ],
    ["a denial of what is wider", { not: { path: "/a" } }, { not: { path: { prefix: "/a" } } }],
    ["what is absent, after what is not equal", { not: { cookie: { a: "1" } } }, { cookie: { a: false } }],
    ["a double denial", { path: "/a" }, { not: { not: { path: "/a" } } }],
    ["another value of a fact that has one", { not: { method: "GET" } }, { method: "POST" }],
    ["an address outside the denied block", { not: { client: "10.0.0.0/8" } }, { client: "192.0.2.0/24" }],
    ["a denied alternative", { not: { all: [{ path: "/a" }, { method: "GET" }] } }, { not: { path: "/a" } }],
  ];
  test.each(COVERED)("finds %s", (_, earlier, later) => {
    expect(covers(earlier, later)).toBe(true);
  });

  const FREE: readonly [string, ConditionOptions, ConditionOptions][] = [
    ["another value of a header", { header: { a: "1" } }, { header: { a: "2" } }],
    [
      "a value of a header after the denial of another",
      { not: { header: { a: "1" } } },
      { header: { a: "2" } },
    ],
    ["the same value of another cookie", { cookie: { a: "1" } }, { cookie: { b: "1" } }],
    [
      "what may be unknown, after either",
      { body: { "/a": true } },
      { path: "/x", not: { body: { "/b": true } } },
    ],
    ["a JSON member and a form field of a name", { body: { "/a": "1" } }, { body: { a: "1" } }],
    ["the same name as a header and a cookie", { header: { a: "1" } }, { cookie: { a: "1" } }],
    ["cookies whose names differ in case", { cookie: { a: "1" } }, { cookie: { A: "1" } }],
    ["a wider rule", { path: "/a", method: "GET" }, { path: "/a" }],
    ["a list that is longer by one", { user: { in: ["a", "b"] } }, { user: { in: ["a", "b", "c"] } }],
    ["a shorter prefix", { path: { prefix: "/api/v2" } }, { path: { prefix: "/api" } }],
    ["a suffix after the same prefix", { path: { prefix: "/a" } }, { path: { suffix: "/a" } }],
    ["a part after the same prefix", { path: { prefix: "/a" } }, { path: { contains: "/a" } }],
    ["a value that the expression may match", { path: { regex: "^/a" } }, { path: "/a" }],
    ["a block around the block", { client: "10.1.0.0/16" }, { client: "10.0.0.0/8" }],
    ["a block beside the block", { client: "10.0.0.0/16" }, { client: "10.1.0.0/16" }],
    ["an IPv6 block of the same bits", { client: "0.0.0.0/0" }, { client: "::/0" }],
    ["a block that overlaps the denied one", { not: { client: "10.1.0.0/16" } }, { client: "10.0.0.0/8" }],
    ["what is present, after what is absent", { cookie: { a: false } }, { cookie: { a: true } }],
    ["a denial of what is narrower", { not: { path: { prefix: "/a" } } }, { not: { path: "/a" } }],
    ["alternatives of which one is free", { path: "/a" }, { any: [{ path: "/a" }, { path: "/b" }] }],
    ["a part of a denied conjunction", { not: { path: "/a" } }, { not: { path: "/a", method: "GET" } }],
  ];
  test.each(FREE)("leaves %s alone", (_, earlier, later) => {
    expect(covers(earlier, later)).toBe(false);
  });

  test("names the first rule that covers and is reached itself, for each rule that is covered", () => {
    const rules = rulesOf(
      { path: "/a" },
      { path: "/b" },
      { path: { prefix: "/" } },
      { path: "/b" },
      { path: "/c" },
    );
    expect(findUnreachable(rules)).toEqual([
      { rule: 3, by: 1 },
      { rule: 4, by: 2 },
    ]);
  });

  test("compares rules that share a test by what sets them apart", () => {
    const conditions = Array.from({ length: 4_000 }, (_, n) => ({
      host: "a.org",
      path: { prefix: `/customer-${n}/` },
    }));
    const rules = rulesOf(...conditions, { host: "a.org", path: "/customer-7/x" });
    let comparisons = 0;
    const unreachable = findUnreachable(rules, (a, b) => {
      comparisons++;
      return implies(a, b);
    });
    expect(unreachable).toEqual([{ rule: 4_000, by: 7 }]);
    // All pairs would be eight million.
    expect(comparisons).toBeLessThan(10_000);
  });
});

/**
 * Aim: no rule that works is ever refused. Method: random conditions over few values, and random requests; wherever
 * one condition is said to imply another, each request that the real classifier gives the first has to be given the
 * second as well. And the index may not lose what comparing all pairs finds.
 */
describe("implies() and findUnreachable(), on random rules", () => {
  const SEED = 20_260_607;
  let drawn = 0;
  const pick = <T>(values: readonly T[]): T => values[below(draw(SEED, drawn++), values.length)] as T;

  const TEXTS = ["/", "/a", "/a/b", "/a/b/a", "/b"];
  const BLOCKS = ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "::/0", "2001:db8::1"];
  const METHODS = ["GET", "POST", "PUT"];

  function matcher(texts: readonly string[]): ConditionOptions["path"] {
    const text = pick(texts);
    return pick([
      text,
      text,
      { in: [text, pick(texts)] },
      { prefix: text },
      { suffix: text },
      { contains: text },
    ]);
  }

  function condition(depth: number): ConditionOptions {
    const leaves: (() => ConditionOptions)[] = [
      () => ({ path: matcher(TEXTS) }),
      () => ({ method: pick([pick(METHODS), { in: [pick(METHODS), pick(METHODS)] }]) }),
      () => ({ client: pick([pick(BLOCKS), { in: [pick(BLOCKS), pick(BLOCKS)] }]) }),
      () => ({ header: { x: pick([true, false, matcher(TEXTS) ?? true]) } }),
      () => ({ user: pick([true, false, matcher(TEXTS) ?? true]) }),
    ];
    const nested: (() => ConditionOptions)[] = [
      () => ({ all: [condition(depth - 1), condition(depth - 1)] }),
      () => ({ any: [condition(depth - 1), condition(depth - 1)] }),
      () => ({ not: condition(depth - 1) }),
    ];
    return pick(depth > 0 && pick([true, false]) ? nested : leaves)();
  }

  function request(): PlainFacts {
    const user = pick([undefined, ...TEXTS]);
    return {
      method: pick(METHODS),
      path: pick(TEXTS),
      client: pick(["10.1.2.3", "10.1.9.9", "10.9.9.9", "2001:db8::1", "::2", "192.0.2.1"]),
      headers: pick([{}, { x: pick(TEXTS) }, { x: [pick(TEXTS), pick(TEXTS)] }]),
      ...(user === undefined ? {} : { user }),
    };
  }

  const rules = rulesOf(...Array.from({ length: 400 }, () => condition(2)));
  const formulas = rules.map((rule) => toFormula(rule.when));

  test("implies() says nothing that a request contradicts", () => {
    const matchers = rules.map((rule) => compileRules([rule], 0));
    const requests = Array.from({ length: 300 }, () => factsOf(request()));
    const matched = matchers.map((compiled) => requests.map((facts) => classify(facts, compiled) === 0));
    let implications = 0;
    for (const [one, a] of formulas.entries()) {
      for (const [other, b] of formulas.entries()) {
        if (one === other || !implies(a, b)) continue;
        implications++;
        const contradicted = matched[one]?.findIndex(
          (hit, index) => hit && matched[other]?.[index] === false,
        );
        const pair = JSON.stringify([rules[one]?.when, rules[other]?.when]);
        expect(contradicted, pair).toBe(-1);
      }
    }
    expect(implications).toBeGreaterThan(1_000);
  });

  test("findUnreachable() finds what comparing all pairs finds", () => {
    const expected: { rule: number; by: number }[] = [];
    const reached: number[] = [];
    for (const [rule, formula] of formulas.entries()) {
      const by = reached.find((earlier) => implies(formula, formulas[earlier] ?? formula));
      if (by === undefined) reached.push(rule);
      else expected.push({ rule, by });
    }
    expect(expected.length).toBeGreaterThan(100);
    expect(findUnreachable(rules)).toEqual(expected);
  });
});
