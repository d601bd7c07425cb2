import { describe, expect, test } from "vitest";
import type { Condition, ResolvedRule } from "../config/resolved.ts";
import { compileRules } from "./compile.ts";
import { EXPLAINED_RULES, explainRules, type RulesExplanation } from "./explain.ts";
import { factsOf, type PlainFacts } from "./test-facts.ts";

const isGold: Condition = {
  kind: "test",
  on: { fact: "cookie", name: "tier" },
  matcher: { kind: "equal", value: "gold" },
};
const isCheckout: Condition = {
  kind: "test",
  on: { fact: "path" },
  matcher: { kind: "prefix", value: "/checkout" },
};

function explain(plain: PlainFacts, ...conditions: readonly Condition[]): RulesExplanation {
  const rules: ResolvedRule[] = conditions.map((when, n) => ({ name: `rule ${n}`, when, class: n + 1 }));
  return explainRules(factsOf(plain), rules, compileRules(rules, 0));
}

describe("explainRules()", () => {
  test("tells the rules up to the one that matched, and why those before it did not", () => {
    const plain: PlainFacts = { path: "/checkout/1", cookies: { tier: ["tin", "lead"] } };
    expect(explain(plain, isGold, isCheckout, isGold)).toEqual({
      rule: 1,
      class: 2,
      omitted: 0,
      tried: [
        {
          rule: 0,
          name: "rule 0",
          matched: false,
          failed: {
            fact: "cookie.tier",
            values: ["tin", "lead"],
            matcher: { kind: "equal", value: "gold" },
            expected: true,
          },
        },
        { rule: 1, name: "rule 1", matched: true, failed: null },
      ],
    });
  });

  test("gives the default class when no rule matched", () => {
    const { rule, class: chosen, tried } = explain({}, isGold, isCheckout);
    expect([rule, chosen, tried.length]).toEqual([-1, 0, 2]);
  });

  test("blames the first test that failed: of `all` that one, of `any` the first, of `not` the one that held", () => {
    const blamed = (condition: Condition) => {
      const failed = explain({ path: "/checkout" }, condition).tried[0]?.failed;
      return [failed?.fact, failed?.expected];
    };
    expect(blamed({ kind: "all", of: [isCheckout, isGold] })).toEqual(["cookie.tier", true]);
    expect(blamed({ kind: "any", of: [isGold, { kind: "not", of: isCheckout }] })).toEqual([
      "cookie.tier",
      true,
    ]);
    expect(blamed({ kind: "not", of: { kind: "any", of: [isGold, isCheckout] } })).toEqual(["path", false]);
    expect(blamed({ kind: "not", of: { kind: "all", of: [isCheckout] } })).toEqual(["path", false]);
  });

  test("blames no test when an empty list decides", () => {
    expect(explain({}, { kind: "any", of: [] }).tried[0]?.failed).toBeNull();
    expect(explain({}, { kind: "not", of: { kind: "all", of: [] } }).tried[0]?.failed).toBeNull();
  });

  test("tells a bounded number of failed rules and always the one that matched", () => {
    const failing = Array.from({ length: EXPLAINED_RULES + 5 }, () => isGold);
    const { tried, omitted, rule } = explain({ path: "/checkout" }, ...failing, isCheckout);
    expect([tried.length, omitted, rule]).toEqual([EXPLAINED_RULES + 1, 5, EXPLAINED_RULES + 5]);
    expect(tried.at(-1)?.matched).toBe(true);
  });

  test("shortens what a client sent", () => {
    const values = Array.from({ length: 50 }, () => "x".repeat(5_000));
    const read = explain({ cookies: { tier: values } }, isGold).tried[0]?.failed?.values;
    expect([read?.length, read?.[0]?.length]).toEqual([8, 200]);
  });

  test("is plain data that survives JSON", () => {
    const explanation = explain({}, isGold);
    expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation);
  });

  test("refuses rules that are not those that were compiled", () => {
    const compiled = compileRules([{ name: "gold", when: isGold, class: 0 }], 0);
    expect(() => explainRules(factsOf({}), [], compiled)).not.toThrow();
    const tooMany = Array.from({ length: 2 }, () => ({ name: "gold", when: isGold, class: 0 }));
    expect(() => explainRules(factsOf({}), tooMany, compiled)).toThrow("Cannot explain rule 1");
  });
});
