import { describe, expect, test } from "vitest";
import type { Condition, FactName, Matcher, ResolvedRule } from "../config/resolved.ts";
import type { BodyField } from "../content/body-field.ts";
import { matchesCidr, parseCidr } from "./address.ts";
import { classify, classifyHead, classOf, DEPENDS } from "./classify.ts";
import { type CompiledRules, compileRules } from "./compile.ts";
import { explainRules } from "./explain.ts";
import type { Facts } from "./facts.ts";
import { factsOf, type PlainFacts } from "./test-facts.ts";

function is(on: FactName, matcher: Matcher): Condition {
  return { kind: "test", on, matcher };
}

function equal(value: string): Matcher {
  return { kind: "equal", value };
}

function rulesOf(...conditions: readonly Condition[]): ResolvedRule[] {
  return conditions.map((when, index) => ({ name: `rule ${index}`, when, class: index + 1 }));
}

function ruleFor(facts: PlainFacts, ...conditions: readonly Condition[]): number {
  return classify(factsOf(facts), compileRules(rulesOf(...conditions), 0));
}

function matches(facts: PlainFacts, condition: Condition): boolean {
  return ruleFor(facts, condition) === 0;
}

const host: FactName = { fact: "host" };
const path: FactName = { fact: "path" };
const client: FactName = { fact: "client" };
const user: FactName = { fact: "user" };
const tier: FactName = { fact: "cookie", name: "tier" };

describe("classify()", () => {
  test("takes the first of several rules that match, whatever key each is found by", () => {
    const byPath = is(path, { kind: "prefix", value: "/a" });
    const byHost = is(host, equal("h.example"));
    const residual: Condition = { kind: "not", of: is(user, equal("eve")) };
    const facts: PlainFacts = { host: "h.example", path: "/a/b" };
    expect(ruleFor(facts, byPath, byHost, residual)).toBe(0);
    expect(ruleFor(facts, byHost, byPath, residual)).toBe(0);
    expect(ruleFor(facts, residual, byHost, byPath)).toBe(0);
    expect(ruleFor({ path: "/b" }, byPath, byHost, residual)).toBe(2);
  });

  test("says -1 when no rule matches, and when there is no rule", () => {
    expect(ruleFor({ path: "/" }, is(path, equal("/a")))).toBe(-1);
    expect(ruleFor({})).toBe(-1);
  });

  test("matches a repeated cookie, header or parameter when any of its values does", () => {
    const facts: PlainFacts = {
      cookies: { tier: ["tin", "gold"] },
      headers: { "X-Plan": ["a", "b"] },
      queries: { q: ["1", "2"] },
    };
    expect(matches(facts, is(tier, equal("gold")))).toBe(true);
    expect(matches(facts, is({ fact: "header", name: "X-plan" }, equal("b")))).toBe(true);
    expect(matches(facts, is({ fact: "query", name: "q" }, { kind: "in", values: ["3", "2"] }))).toBe(true);
    expect(matches(facts, is(tier, equal("silver")))).toBe(false);
  });

  test("takes absence as no value at all, and an empty value as present", () => {
    const absent = is(tier, { kind: "absent" });
    const present = is(tier, { kind: "present" });
    expect([matches({}, absent), matches({}, present)]).toEqual([true, false]);
    const empty: PlainFacts = { cookies: { tier: "" } };
    expect([matches(empty, absent), matches(empty, present)]).toEqual([false, true]);
    expect(matches({ host: "" }, is(host, { kind: "absent" }))).toBe(true);
    expect(matches({}, is(user, { kind: "absent" }))).toBe(true);
  });

  test("takes `not` of absence for presence, and `not` of presence for absence", () => {
    const notAbsent: Condition = { kind: "not", of: is(tier, { kind: "absent" }) };
    const notPresent: Condition = { kind: "not", of: is(tier, { kind: "present" }) };
    const gold: PlainFacts = { cookies: { tier: "gold" } };
    expect([matches({}, notAbsent), matches(gold, notAbsent)]).toEqual([false, true]);
    expect([matches({}, notPresent), matches(gold, notPresent)]).toEqual([true, false]);
  });

  test("compares cookie names with case and header names without", () => {
    expect(matches({ cookies: { Tier: "gold" } }, is(tier, equal("gold")))).toBe(false);
    expect(matches({ headers: { "x-a": "1" } }, is({ fact: "header", name: "X-A" }, equal("1")))).toBe(true);
  });

  test("takes values of client as addresses and blocks, IPv4 in IPv6 as IPv4", () => {
    const staff = is(client, { kind: "in", values: ["10.1.0.0/16", "2001:db8::/32", "192.0.2.7"] });
    expect(matches({ client: "10.1.255.1" }, staff)).toBe(true);
    expect(matches({ client: "::ffff:10.1.2.3" }, staff)).toBe(true);
    expect(matches({ client: "10.2.0.1" }, staff)).toBe(false);
    expect(matches({ client: "2001:db8:1::1" }, staff)).toBe(true);
    expect(matches({ client: "2001:db9::1" }, staff)).toBe(false);
    expect(matches({ client: "192.0.2.7" }, staff)).toBe(true);
    expect(matches({ client: "192.0.2.8" }, is(client, equal("0.0.0.0/0")))).toBe(true);
  });

  test("finds an expression anywhere in the value, unless it ties itself to an end", () => {
    expect(matches({ path: "/x/item77.png" }, is(path, { kind: "regex", value: "item[0-9]+" }))).toBe(true);
    expect(matches({ path: "/x/item77.png" }, is(path, { kind: "regex", value: "^item[0-9]+" }))).toBe(false);
    expect(matches({ path: "/x/item77.png" }, is(path, { kind: "regex", value: "\\.png$" }))).toBe(true);
    expect(matches({ path: "/x/item77.pngs" }, is(path, { kind: "regex", value: "\\.png$" }))).toBe(false);
  });

  test("holds an empty `all` for true and an empty `any` or `in` for false", () => {
    expect(matches({}, { kind: "all", of: [] })).toBe(true);
    expect(matches({}, { kind: "any", of: [] })).toBe(false);
    expect(matches({}, is(path, { kind: "in", values: [] }))).toBe(false);
  });

  test("finds rules that differ only in a second and third fact", () => {
    const rules = Array.from({ length: 900 }, (_, n) => ({
      kind: "all" as const,
      of: [
        is(host, equal("one.example")),
        is(path, { kind: "prefix", value: `/p${n % 30}/` }),
        is({ fact: "query", name: "v" }, equal(String(Math.floor(n / 30)))),
      ],
    }));
    const compiled = compileRules(rulesOf(...rules), 0);
    const facts = factsOf({ host: "one.example", path: "/p7/x", queries: { v: "11" } });
    expect(classify(facts, compiled)).toBe(11 * 30 + 7);
  });

  test("finds one cookie among more names than it asks for one by one", () => {
    const rules = Array.from({ length: 500 }, (_, n) => is({ fact: "cookie", name: `c${n}` }, equal("on")));
    const compiled = compileRules(rulesOf(...rules), 0);
    expect(classify(factsOf({ cookies: { c400: "on", c7: "off", other: "on" } }), compiled)).toBe(400);
  });
});

describe("classify() does not grow with the number of rules:", () => {
  /** Counts how often facts are read, which is what trying rules takes. */
  function readsOf(rules: readonly ResolvedRule[], plain: PlainFacts): number {
    const compiled = compileRules(rules, 0);
    let reads = 0;
    const counting = new Proxy(factsOf(plain), {
      get(target, property) {
        reads++;
        return Reflect.get(target, property);
      },
    });
    classify(counting, compiled);
    return reads;
  }

  const shapes: Record<string, (n: number) => Condition> = {
    "host and path": (n) => ({
      kind: "all",
      of: [is(host, equal(`h${n}.example`)), is(path, { kind: "prefix", value: `/p${n}/` })],
    }),
    "one host, many paths": (n) => ({
      kind: "all",
      of: [is(host, equal("h.example")), is(path, { kind: "prefix", value: `/p${n}/` })],
    }),
    "a grid of hosts and paths": (n) => ({
      kind: "all",
      of: [is(host, equal(`h${n % 40}.example`)), is(path, equal(`/p${Math.floor(n / 40)}`))],
    }),
    "cookie values": (n) => is(tier, equal(`t${n}`)),
    "cookie names": (n) => is({ fact: "cookie", name: `c${n}` }, { kind: "present" }),
    blocks: (n) => is(client, equal(`10.${n >> 8}.${n & 255}.0/24`)),
    "expressions that begin alike": (n) => is(path, { kind: "regex", value: `^/e${n}/[0-9]+$` }),
    "expressions with a text inside": (n) => is(path, { kind: "regex", value: `item${n}\\.(png|jpg)` }),
    alternatives: (n) => ({ kind: "any", of: [is(user, equal(`u${n}`)), is(host, equal(`h${n}.example`))] }),
    "few cookie names, of any value": (n) => ({
      kind: "all",
      of: [
        is({ fact: "cookie", name: `c${n % 4}` }, { kind: "present" }),
        { kind: "not", of: is(user, equal("eve")) },
      ],
    }),
    "one test among many that all rules have": (n) => ({
      kind: "all",
      of: [
        is({ fact: "method" }, equal("GET")),
        is(host, { kind: "suffix", value: ".example" }),
        is(client, equal("0.0.0.0/0")),
        is(path, { kind: "prefix", value: "/" }),
        is({ fact: "query", name: "v" }, equal(`v${n}`)),
      ],
    }),
    "absence beside a path": (n) => ({
      kind: "all",
      of: [is(tier, { kind: "absent" }), is(path, { kind: "prefix", value: `/p${n}/` })],
    }),
  };
  for (const [name, shape] of Object.entries(shapes)) {
    test(name, () => {
      const rules = (count: number) => rulesOf(...Array.from({ length: count }, (_, n) => shape(n)));
      const missing: PlainFacts = {
        host: "h.example",
        path: "/none",
        client: "192.0.2.1",
        cookies: { c: "x" },
      };
      const few = readsOf(rules(20), missing);
      expect(readsOf(rules(2_000), missing)).toBeLessThanOrEqual(few + 2);
      const last: PlainFacts = { host: "h39.example", path: "/p49", client: "10.7.207.9", user: "u1999" };
      expect(readsOf(rules(2_000), last)).toBeLessThanOrEqual(12);
    });
  }
});

describe("a request cannot buy work:", () => {
  /** How often the user is read, which the rule does each time that it is tried and got past its first test. */
  function triesOf(when: Condition, plain: PlainFacts): number {
    let tries = 0;
    const facts = Object.defineProperty(factsOf(plain), "user", { get: () => void tries++ });
    classify(facts, compileRules(rulesOf(when), 0));
    return tries;
  }
  // has no key: an alternative to it could hold without
  const hasUser: Condition = { kind: "not", of: { kind: "any", of: [is(user, { kind: "absent" })] } };

  test("a text that a value has a thousand times has its rules tried once", () => {
    const hasText: Condition = is(path, { kind: "contains", value: "aaa" });
    expect(triesOf({ kind: "all", of: [hasText, hasUser] }, { path: `/${"a".repeat(5_000)}` })).toBe(1);
  });

  test("a key that a rule names twice has it tried once", () => {
    const when: Condition = {
      kind: "all",
      of: [is(path, { kind: "in", values: ["/a", "/b", "/a"] }), hasUser],
    };
    expect(triesOf(when, { path: "/a" })).toBe(1);
  });
});

describe("compileRules()", () => {
  test("tells what the rules read, each name once, and nothing else", () => {
    const { reads } = compileRules(
      rulesOf(is({ fact: "header", name: "X-B" }, equal("1")), {
        kind: "any",
        of: [
          is({ fact: "header", name: "x-a" }, equal("1")),
          { kind: "not", of: is({ fact: "header", name: "x-b" }, { kind: "absent" }) },
          is(tier, equal("gold")),
          is(client, equal("10.0.0.0/8")),
          is({ fact: "body", name: "b" }, equal("1")),
          is({ fact: "body", name: "/a" }, { kind: "absent" }),
          is({ fact: "body", name: "/a" }, { kind: "present" }),
        ],
      }),
      0,
    );
    expect(reads).toEqual({
      headers: ["x-a", "x-b"],
      cookies: ["tier"],
      queries: [],
      bodies: ["/a", "b"],
      method: false,
      host: false,
      path: false,
      client: true,
      user: false,
    });
  });

  test("is costly when an expression stands in any rule, and only then", () => {
    const inside: Condition = {
      kind: "not",
      of: { kind: "any", of: [is(path, { kind: "regex", value: "a+" })] },
    };
    expect(compileRules(rulesOf(is(path, equal("/"))), 0).costly).toBe(false);
    expect(compileRules(rulesOf(is(path, equal("/")), inside), 0).costly).toBe(true);
  });

  test("names the rule and the value when an expression or a block is not one", () => {
    const expression = rulesOf(is(path, { kind: "regex", value: "a(?=b)" }));
    expect(() => compileRules(expression, 0)).toThrow(/^Cannot compile rule "rule 0": .*\(\?=/);
    const block = rulesOf(is(client, equal("10.0.0.0/33")));
    expect(() => compileRules(block, 0)).toThrow(
      'Cannot compile rule "rule 0": expected an address or a CIDR block, received "10.0.0.0/33"',
    );
  });

  test("keeps the index small when many alternatives meet many alternatives", () => {
    const many = (name: string): Matcher => ({
      kind: "in",
      values: Array.from({ length: 300 }, (_, n) => name + n),
    });
    const condition: Condition = {
      kind: "all",
      of: [is(host, many("h")), is(user, many("u")), is(path, many("/"))],
    };
    const compiled = compileRules(rulesOf(...Array.from({ length: 60 }, () => condition)), 0);
    expect(classify(factsOf({ host: "h7", user: "u59", path: "/0" }), compiled)).toBe(0);
  });
});

describe("classOf()", () => {
  test("gives the class of the rule, and the default class for -1", () => {
    const compiled = compileRules(rulesOf(is(path, equal("/"))), 7);
    expect([classOf(0, compiled), classOf(-1, compiled)]).toEqual([1, 7]);
  });
});

/** Numbers in [0, 1) that are the same in each run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Small worlds, so that rules and requests meet often. */
class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  one<T>(of: readonly T[]): T {
    return of[this.below(of.length)] as T;
  }

  many<T>(make: () => T, limit: number): T[] {
    return Array.from({ length: this.below(limit + 1) }, make);
  }

  text(): string {
    return this.many(() => this.one(["a", "b", "ab", "/", "."]), 4).join("");
  }

  address(): string {
    return this.one(["10.0.0.1", "10.0.1.1", "10.1.0.1", "192.0.2.1", "2001:db8::1", "2001:db8:1::1", "::1"]);
  }

  block(): string {
    const address = this.address();
    return this.one([address, `${address}/${this.below(address.includes(":") ? 129 : 33)}`]);
  }

  expression(): string {
    const piece = () =>
      this.one(["a", "b", "ab", "/", "\\.", "a*", "b+", "[ab]", "(a|b)", "(?:ab)?", ".", "a{1,2}"]);
    const body = `${piece()}${this.many(piece, 4).join("")}`;
    return `${this.one(["", "^"])}${body}${this.one(["", "", "|ba"])}${this.one(["", "$"])}`;
  }

  fact(): FactName {
    const name = this.one(["x", "y", "z"]);
    return this.one<FactName>([
      { fact: "method" },
      host,
      path,
      client,
      user,
      { fact: "query", name },
      { fact: "header", name },
      { fact: "cookie", name: this.one(["x", "y", "z", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"]) },
      { fact: "body", name: this.one(["/x", "/y", "/x/0", "x", "y", "f1", "f2", "f3", "f4", "f5"]) },
    ]);
  }

  test(): Condition {
    const on = this.fact();
    const value = on.fact === "client" ? () => this.block() : () => this.text();
    const kind = this.one([
      "present",
      "absent",
      "equal",
      "equal",
      "prefix",
      "suffix",
      "contains",
      "regex",
      "in",
    ] as const);
    if (kind === "present" || kind === "absent") return is(on, { kind });
    // an empty list holds for nobody, which an index knows of content that has not come
    if (kind === "in") return is(on, { kind, values: [value(), ...this.many(value, 2)] });
    if (kind === "equal") return is(on, { kind, value: value() });
    return is(on, { kind, value: kind === "regex" ? this.expression() : this.text() });
  }

  condition(depth: number): Condition {
    const shape = depth === 0 ? 9 : this.below(10);
    if (shape < 2) return { kind: "not", of: this.condition(this.below(depth)) };
    if (shape < 4) return { kind: "any", of: this.many(() => this.condition(depth - 1), 3) };
    if (shape < 7) return { kind: "all", of: this.many(() => this.condition(depth - 1), 3) };
    return this.test();
  }

  facts(): PlainFacts {
    const named = (names: readonly string[]) =>
      Object.fromEntries(this.many(() => [this.one(names), this.many(() => this.text(), 2)] as const, 3));
    const identified = this.below(2) === 0 ? { user: this.text() } : {};
    return {
      method: this.one(["GET", "a", "b"]),
      host: this.text(),
      path: `/${this.text()}`,
      client: this.address(),
      headers: named(["x", "y"]),
      cookies: named(["x", "c1", "c5", "c8", "other"]),
      queries: named(["x", "z"]),
      bodies: this.below(5) === 0 ? "unknown" : named(["/x", "/x/0", "x", "f1", "f5", "other"]),
      ...identified,
    };
  }
}

/** The meaning of a condition in the plainest words, to compare with; undefined: nobody knows. */
function truth(condition: Condition, facts: Facts): boolean | undefined {
  switch (condition.kind) {
    case "all":
      return allOf(condition.of.map((part) => truth(part, facts)));
    case "any":
      return opposite(allOf(condition.of.map((part) => opposite(truth(part, facts)))));
    case "not":
      return opposite(truth(condition.of, facts));
    case "test":
      return testTruth(condition.on, condition.matcher, facts);
  }
}

function allOf(parts: readonly (boolean | undefined)[]): boolean | undefined {
  if (parts.includes(false)) return false;
  return parts.includes(undefined) ? undefined : true;
}

function opposite(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

function testTruth(on: FactName, matcher: Matcher, facts: Facts): boolean | undefined {
  const isAddressTest = on.fact === "client" && (matcher.kind === "equal" || matcher.kind === "in");
  if (isAddressTest) {
    const blocks = matcher.kind === "in" ? matcher.values : [matcher.value];
    return blocks.some((text) => {
      const cidr = parseCidr(text);
      return cidr !== undefined && matchesCidr(facts.client, cidr);
    });
  }
  if (on.fact === "body") return bodyTruth(facts.body(on.name), matcher);
  const values = plainValues(on, facts);
  return matcher.kind === "absent" ? values.length === 0 : values.some((value) => accepts(matcher, value));
}

function bodyTruth({ state, values }: BodyField, matcher: Matcher): boolean | undefined {
  if (state === "unknown") return undefined;
  if (matcher.kind === "present" || matcher.kind === "absent") return matcher.kind === state;
  return values.some((value) => accepts(matcher, value));
}

function plainValues(on: Exclude<FactName, { fact: "body" }>, facts: Facts): readonly string[] {
  if ("name" in on) return facts[on.fact](on.name);
  if (on.fact === "client") return [facts.client.text];
  const value = facts[on.fact];
  return value === undefined || (on.fact === "host" && value === "") ? [] : [value];
}

function accepts(matcher: Matcher, value: string): boolean {
  switch (matcher.kind) {
    case "present":
      return true;
    case "absent":
      return false;
    case "in":
      return matcher.values.includes(value);
    case "equal":
      return value === matcher.value;
    case "prefix":
      return value.startsWith(matcher.value);
    case "suffix":
      return value.endsWith(matcher.value);
    case "contains":
      return value.includes(matcher.value);
    case "regex":
      return new RegExp(matcher.value).test(value);
  }
}

const priority: FactName = { fact: "body", name: "/priority" };

describe("tests of content", () => {
  test.each<[Matcher, PlainFacts["bodies"] & object, boolean]>([
    [{ kind: "present" }, { "/priority": "high" }, true],
    [{ kind: "present" }, { "/priority": [] }, true],
    [{ kind: "present" }, { "/other": "high" }, false],
    [{ kind: "absent" }, { "/priority": "high" }, false],
    [{ kind: "absent" }, { "/priority": [] }, false],
    [{ kind: "absent" }, { "/other": "high" }, true],
    [equal("high"), { "/priority": "high" }, true],
    [equal("high"), { "/priority": ["low", "high"] }, true],
    [equal("high"), { "/priority": [] }, false],
    [{ kind: "in", values: ["1", "null"] }, { "/priority": "null" }, true],
    [{ kind: "contains", value: "" }, { "/priority": [] }, false],
  ])("%j of %j is %s, found by a key and tried under `not`", (matcher, bodies, expected) => {
    expect(matches({ bodies }, is(priority, matcher))).toBe(expected);
    expect(matches({ bodies }, { kind: "not", of: is(priority, matcher) })).toBe(!expected);
  });

  test.each<Matcher>([{ kind: "present" }, { kind: "absent" }, equal("high")])(
    "neither %j nor its denial matches what is unknown",
    (matcher) => {
      const facts: PlainFacts = { bodies: "unknown" };
      expect(matches(facts, is(priority, matcher))).toBe(false);
      expect(matches(facts, { kind: "not", of: is(priority, matcher) })).toBe(false);
      expect(matches(facts, { kind: "any", of: [is(priority, matcher), is(path, equal("/"))] })).toBe(true);
    },
  );
});

describe("classifyHead()", () => {
  const high = is(priority, equal("high"));
  const low = is(priority, equal("low"));
  const isRoot = is(path, equal("/"));

  function early(...conditions: readonly Condition[]): number {
    return classifiedEarly({}, compileRules(rulesOf(...conditions), 0));
  }

  test("waits for content that an earlier rule asks about", () => {
    expect(early(high, isRoot)).toBe(DEPENDS);
    expect(early(is(path, equal("/a")), low, isRoot)).toBe(DEPENDS);
    expect(early({ kind: "not", of: high })).toBe(DEPENDS);
  });

  test("does not wait when an earlier rule matches, or when a rule fails whatever the content", () => {
    expect(early(isRoot, high)).toBe(0);
    expect(early({ kind: "all", of: [high, is(path, equal("/a"))] }, isRoot)).toBe(1);
    expect(early({ kind: "all", of: [high, is(user, equal("ann"))] })).toBe(-1);
    expect(early({ kind: "any", of: [high, isRoot] }, low)).toBe(0);
    expect(early({ kind: "not", of: { kind: "any", of: [high, isRoot] } })).toBe(-1);
  });

  test("does not wait for content that has come, or that nobody will read", () => {
    const compiled = compileRules(rulesOf(high, low), 0);
    expect(classifyHead(factsOf({ bodies: { "/priority": "low" } }), READ, compiled)).toBe(1);
    expect(classifyHead(factsOf({ bodies: "unknown" }), READ, compiled)).toBe(-1);
  });
});

const READ = { isUnread: false, giveUp: () => {} };

/** What is said of a request before its content has come. */
function classifiedEarly(plain: PlainFacts, compiled: CompiledRules): number {
  let known = factsOf({ ...plain, bodies: "unread" });
  const facts: Facts = { ...known, body: (name) => known.body(name) };
  const giveUp = () => {
    known = factsOf({ ...plain, bodies: "unknown" });
  };
  return classifyHead(facts, { isUnread: true, giveUp }, compiled);
}

describe("the index agrees with trying rule after rule", () => {
  const seeds = Array.from({ length: 60 }, (_, seed) => seed + 1);
  test.each(seeds)("random rules and requests, seed %i", (seed) => {
    const dice = new Dice(seed);
    const rules = rulesOf(...Array.from({ length: dice.one([1, 5, 40, 200]) }, () => dice.condition(3)));
    // the rules that match everything would hide those behind them
    const choosy = rules.filter(
      ({ when }) => truth(when, factsOf({ path: "/-", host: "-", client: "::9" })) !== true,
    );
    const compiled = compileRules(choosy, 0);
    for (let round = 0; round < 100; round++) {
      const plain = dice.facts();
      const facts = factsOf(plain);
      const expected = choosy.findIndex(({ when }) => truth(when, facts) === true);
      expect(classify(facts, compiled)).toBe(expected);
      const explanation = explainRules(facts, choosy, compiled);
      expect(explanation.rule).toBe(expected);
      expect(explanation.tried.length).toBe(expected < 0 ? choosy.length : expected + 1);
      const unknown = factsOf({ ...plain, bodies: "unknown" });
      const decisive = choosy.findIndex(({ when }) => truth(when, unknown) !== false);
      const depends = decisive >= 0 && truth((choosy[decisive] as ResolvedRule).when, unknown) === undefined;
      expect(classifiedEarly(plain, compiled)).toBe(depends ? DEPENDS : decisive);
    }
  });
});
