import type { Condition, FactName, Matcher } from "../config/resolved.ts";
import { BlockSet } from "./block-set.ts";

/**
 * Conditions as logic: whether one being true makes another true. Answers true only when certain; an implication
 * that it overlooks costs a diagnosis, one that it invents would refuse a rule that works.
 *
 * A test of a fact that has several values (two fields of one name) is true if any value matches. So two different
 * tests for equality of one header can both be true, and "not a" says nothing about "b" there.
 */

/** A test that has to hold, or its denial. `absent` is held as the denial of `present`. */
export interface Literal {
  readonly kind: "literal";
  readonly on: FactName;
  readonly matcher: Exclude<Matcher, { readonly kind: "absent" }>;
  readonly denied: boolean;
}

/** A condition whose denials have moved inwards to its tests. `all` of nothing is true, `any` of nothing is false. */
export type Formula =
  | Literal
  | { readonly kind: "all"; readonly of: readonly Formula[] }
  | { readonly kind: "any"; readonly of: readonly Formula[] };

/** De Morgan: what is denied swaps `all` and `any`. */
export function toFormula(condition: Condition, denied = false): Formula {
  switch (condition.kind) {
    case "not":
      return toFormula(condition.of, !denied);
    case "test":
      return toLiteral(condition.on, condition.matcher, denied);
    default: {
      const kind = (condition.kind === "all") === denied ? "any" : "all";
      return { kind, of: condition.of.map((each) => toFormula(each, denied)) };
    }
  }
}

function toLiteral(on: FactName, matcher: Matcher, denied: boolean): Literal {
  if (matcher.kind === "absent")
    return { kind: "literal", on, matcher: { kind: "present" }, denied: !denied };
  return { kind: "literal", on, matcher, denied };
}

/** Steps after which the answer is "not certain". Ordinary rules take a handful. */
const MOST_STEPS = 20_000;

/** Whether every request that `a` matches is matched by `b`. */
export function implies(a: Formula, b: Formula): boolean {
  return search(a, b, { left: MOST_STEPS });
}

function search(a: Formula, b: Formula, steps: { left: number }): boolean {
  if (--steps.left < 0) return false;
  if (b.kind === "all") return b.of.every((each) => search(a, each, steps));
  if (a.kind === "any") return a.of.every((each) => search(each, b, steps));
  if (a.kind === "all" && a.of.some((each) => search(each, b, steps))) return true;
  if (b.kind === "any") return b.of.some((each) => search(a, each, steps));
  return a.kind === "literal" && literalImplies(a, b);
}

function literalImplies(a: Literal, b: Literal): boolean {
  if (factKey(a.on) !== factKey(b.on)) return false;
  if (!a.denied && !b.denied) return matcherImplies(a.on, a.matcher, b.matcher);
  if (a.denied && b.denied) return matcherImplies(a.on, b.matcher, a.matcher);
  return b.denied && hasOneValue(a.on) && excludes(a.on, a.matcher, b.matcher);
}

/** One text for each fact: `path`, `header x-tier`. */
export function factKey(on: FactName): string {
  return "name" in on ? `${on.fact} ${on.name}` : on.fact;
}

function hasOneValue(on: FactName): boolean {
  return !("name" in on);
}

type PositiveMatcher = Literal["matcher"];

/** Whether every value that matches `a` matches `b`. */
function matcherImplies(on: FactName, a: PositiveMatcher, b: PositiveMatcher): boolean {
  if (b.kind === "present") return true;
  const values = valuesOf(a);
  if (values !== undefined) return values.every((value) => matches(on, value, b));
  if (a.kind === "present" || a.kind === "equal" || a.kind === "in") return false;
  return partImplies(a.kind, a.value, b);
}

/** The finite list of values that the matcher accepts, if there is one. For `client` they are blocks. */
export function valuesOf(matcher: PositiveMatcher): readonly string[] | undefined {
  if (matcher.kind === "equal") return [matcher.value];
  return matcher.kind === "in" ? matcher.values : undefined;
}

function matches(on: FactName, value: string, matcher: PositiveMatcher): boolean {
  switch (matcher.kind) {
    case "present":
      return true;
    case "equal":
    case "in":
      return listOf(on, matcher)(value);
    case "prefix":
      return value.startsWith(matcher.value);
    case "suffix":
      return value.endsWith(matcher.value);
    case "contains":
      return value.includes(matcher.value);
    case "regex":
      return false;
  }
}

type Contains = (value: string) => boolean;

/** Lists may be long, and are asked about once for each value of another list. */
const lists = new WeakMap<PositiveMatcher, Contains>();

/** Whether a value is among those of the matcher; for client addresses, whether a block lies in one of them. */
function listOf(on: FactName, matcher: PositiveMatcher): Contains {
  const known = lists.get(matcher);
  if (known !== undefined) return known;
  const contains = on.fact === "client" ? blockList(valuesOf(matcher)) : textList(valuesOf(matcher));
  lists.set(matcher, contains);
  return contains;
}

function blockList(values: readonly string[] = []): Contains {
  const blocks = new BlockSet(values);
  return (value) => blocks.around(value).length > 0;
}

function textList(values: readonly string[] = []): Contains {
  const texts = new Set(values);
  return (value) => texts.has(value);
}

function partImplies(
  kind: "prefix" | "suffix" | "contains" | "regex",
  part: string,
  b: PositiveMatcher,
): boolean {
  if (kind === "regex") return b.kind === "regex" && b.value === part;
  if (b.kind === "contains") return part.includes(b.value);
  if (b.kind === "prefix") return kind === "prefix" && part.startsWith(b.value);
  return b.kind === "suffix" && kind === "suffix" && part.endsWith(b.value);
}

/**
 * Whether no value matches both. Two blocks of addresses either contain each other or have nothing in common, so it
 * is enough to look both ways. An expression might match anything.
 */
function excludes(on: FactName, a: PositiveMatcher, b: PositiveMatcher): boolean {
  const values = valuesOf(a);
  if (values === undefined || b.kind === "regex") return false;
  if (values.some((value) => matches(on, value, b))) return false;
  return on.fact !== "client" || !valuesOf(b)?.some((value) => matches(on, value, a));
}
