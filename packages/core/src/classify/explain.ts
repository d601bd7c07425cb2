import type { Matcher, ResolvedRule } from "../config/resolved.ts";
import { classOf } from "./classify.ts";
import type { CompiledRules } from "./compile.ts";
import { type CompiledCondition, fieldValues, scalarValue, type Test } from "./condition.ts";
import type { Facts } from "./facts.ts";
import { subjectId } from "./keys.ts";

/** Why a request has its class. Plain data, as `shunt explain` prints it and the admin API returns it. */
export interface RulesExplanation {
  /** Index of the rule that matched; -1 is none, so that the default class holds. */
  readonly rule: number;
  /** Index of the class that follows. */
  readonly class: number;
  /** The rules in the order in which they count, up to and with the one that matched. */
  readonly tried: readonly TriedRule[];
  /** Rules that failed and are left out of `tried`: the first `EXPLAINED_RULES` are told. */
  readonly omitted: number;
}

export interface TriedRule {
  readonly rule: number;
  readonly name: string;
  readonly matched: boolean;
  /** The first test that decided against the rule; null when it matched, or when its condition has no test at all. */
  readonly failed: FailedTest | null;
}

export interface FailedTest {
  /** Such as "path" or "cookie.tier". */
  readonly fact: string;
  /** What was read: empty when the request has none. At most 8 values of 200 characters. */
  readonly values: readonly string[];
  readonly matcher: Matcher;
  /** What the test should have said: false stands under a `not`. */
  readonly expected: boolean;
  /** There are no `values` because nothing is known of the fact, such as of a field of content that nobody can read. */
  readonly unknown?: true;
}

/** Failed rules that an explanation tells, so that 100,000 rules do not make it unreadable. */
export const EXPLAINED_RULES = 1_000;
const EXPLAINED_VALUES = 8;
const EXPLAINED_CHARACTERS = 200;

/**
 * Goes through the rules one after the other, without the index, and tells for each why it did not match. Comes to
 * the same rule as `classify`. `rules` are those that `compiled` was made of.
 */
export function explainRules(
  facts: Facts,
  rules: readonly ResolvedRule[],
  compiled: CompiledRules,
): RulesExplanation {
  const first = compiled.conditions.findIndex((condition) => condition.holds(facts));
  const failures = first < 0 ? rules.length : first;
  const told = Math.min(failures, EXPLAINED_RULES);
  const indices = [...Array(told).keys(), ...(first < 0 ? [] : [first])];
  return {
    rule: first,
    class: classOf(first, compiled),
    tried: indices.map((rule) => tryRule(facts, rule, rules, compiled)),
    omitted: failures - told,
  };
}

function tryRule(
  facts: Facts,
  rule: number,
  rules: readonly ResolvedRule[],
  compiled: CompiledRules,
): TriedRule {
  const condition = compiled.conditions[rule];
  const name = rules[rule]?.name;
  if (condition === undefined || name === undefined) {
    throw new RangeError(`Cannot explain rule ${rule}: the rules are not those that were compiled`);
  }
  const matched = condition.holds(facts);
  return { rule, name, matched, failed: matched ? null : failedTest(facts, condition, true) };
}

/**
 * The first test because of which the condition is not as expected; null when it is, or when an empty list decides.
 * Of branches that all failed the first tells, as none of them is more to blame.
 */
function failedTest(facts: Facts, condition: CompiledCondition, expected: boolean): FailedTest | null {
  if (isAsExpected(facts, condition, expected)) return null;
  switch (condition.kind) {
    case "not":
      return failedTest(facts, condition.of, !expected);
    case "test":
      return {
        fact: subjectId(condition.on),
        values: valuesRead(facts, condition),
        matcher: condition.matcher,
        expected,
        ...(isUnknown(facts, condition) && { unknown: true }),
      };
    case "all":
    case "any": {
      const culprit = condition.of.find((part) => !isAsExpected(facts, part, expected));
      return culprit === undefined ? null : failedTest(facts, culprit, expected);
    }
  }
}

function isAsExpected(facts: Facts, condition: CompiledCondition, expected: boolean): boolean {
  return expected ? condition.holds(facts) : condition.fails(facts);
}

function valuesRead(facts: Facts, { on }: Test): string[] {
  return valuesOf(facts, on)
    .filter((value) => value !== undefined)
    .slice(0, EXPLAINED_VALUES)
    .map((value) => value.slice(0, EXPLAINED_CHARACTERS));
}

function valuesOf(facts: Facts, on: Test["on"]): readonly (string | undefined)[] {
  if (!("name" in on)) return [scalarValue(facts, on.fact)];
  if (on.fact !== "body") return fieldValues(facts, on.fact, on.name);
  const { state, values } = facts.body(on.name);
  return state === "present" && values.length === 0 ? [COMPOUND_TEXT] : values;
}

/** What is shown of an object or an array. */
const COMPOUND_TEXT = "(an object or an array)";

function isUnknown(facts: Facts, { on }: Test): boolean {
  if (on.fact !== "body") return false;
  const { state } = facts.body(on.name);
  return state === "unknown" || state === "unread";
}
