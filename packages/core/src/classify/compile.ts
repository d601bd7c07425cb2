import type { Condition, FactName, ResolvedRule } from "../config/resolved.ts";
import { buildIndex } from "./build-index.ts";
import { type CompiledCondition, compileCondition } from "./condition.ts";
import type { Narrowing } from "./found.ts";

/** What the rules look at, so that whoever reads requests need not read more. Names are sorted, each once. */
export interface FactsRead {
  readonly headers: readonly string[];
  readonly cookies: readonly string[];
  readonly queries: readonly string[];
  /** Of these alone the content has to be read. */
  readonly bodies: readonly string[];
  readonly method: boolean;
  readonly host: boolean;
  readonly path: boolean;
  readonly client: boolean;
  readonly user: boolean;
}

/** Rules made ready to be asked; see `classify`. Belongs to one generation of the configuration, and never changes. */
export interface CompiledRules {
  /** One for each rule, in order. */
  readonly conditions: readonly CompiledCondition[];
  /** Class of each rule, in order. */
  readonly classes: readonly number[];
  /** Class of a request that no rule matches. */
  readonly defaultClass: number;
  readonly index: Narrowing;
  readonly reads: FactsRead;
  /** Some rule has an expression: linear in the length of the value, but not to be run on an event loop. */
  readonly costly: boolean;
}

/**
 * Compiles rules into an index. Takes time and memory in proportion to their text.
 * Throws an Error that names the rule when an expression, address or CIDR block is not one; configuration that was
 * checked has none.
 */
export function compileRules(rules: readonly ResolvedRule[], defaultClass: number): CompiledRules {
  const conditions = rules.map(compileRule);
  return {
    conditions,
    classes: rules.map((rule) => rule.class),
    defaultClass,
    index: buildIndex(conditions),
    reads: factsRead(rules),
    costly: rules.some(({ when }) => hasExpression(when)),
  };
}

function compileRule(rule: ResolvedRule): CompiledCondition {
  try {
    return compileCondition(rule.when);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot compile rule "${rule.name}": ${reason}`, { cause });
  }
}

function hasExpression(condition: Condition): boolean {
  switch (condition.kind) {
    case "all":
    case "any":
      return condition.of.some(hasExpression);
    case "not":
      return hasExpression(condition.of);
    case "test":
      return condition.matcher.kind === "regex";
  }
}

/** What the conditions of rules look at. */
export function factsRead(rules: readonly ResolvedRule[]): FactsRead {
  const facts = new Set<FactName["fact"]>();
  const names = {
    header: new Set<string>(),
    cookie: new Set<string>(),
    query: new Set<string>(),
    body: new Set<string>(),
  };
  for (const on of rules.flatMap(({ when }) => subjectsOf(when))) {
    facts.add(on.fact);
    if ("name" in on) names[on.fact].add(on.fact === "header" ? on.name.toLowerCase() : on.name);
  }
  return {
    headers: [...names.header].sort(),
    cookies: [...names.cookie].sort(),
    queries: [...names.query].sort(),
    bodies: [...names.body].sort(),
    method: facts.has("method"),
    host: facts.has("host"),
    path: facts.has("path"),
    client: facts.has("client"),
    user: facts.has("user"),
  };
}

function subjectsOf(condition: Condition): FactName[] {
  switch (condition.kind) {
    case "all":
    case "any":
      return condition.of.flatMap(subjectsOf);
    case "not":
      return subjectsOf(condition.of);
    case "test":
      return [condition.on];
  }
}
