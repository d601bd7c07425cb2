import type { FactName, ResolvedRule } from "../config/resolved.ts";
import { BlockSet } from "./block-set.ts";
import { type Formula, factKey, implies, type Literal, toFormula, valuesOf } from "./implication.ts";

/** A rule that is never reached, and the earlier rule that matches all that it matches. Both are indices. */
export interface Unreachable {
  readonly rule: number;
  readonly by: number;
}

/**
 * The rules that are provably implied by one earlier rule that is reached itself, in their order. Sound and
 * incomplete: rules that only several earlier ones cover together are not found.
 *
 * Comparing each rule with all before it would take a minute for tens of thousands. If an earlier rule is implied,
 * some literal of it is implied by some literal of the later rule. So each rule is filed under such literals
 * (its anchors), and compared only with the rules that are filed where one of its own literals points to.
 *
 * `compare` is there for a test that counts.
 */
export function findUnreachable(rules: readonly ResolvedRule[], compare = implies): Unreachable[] {
  const formulas = rules.map((rule) => toFormula(rule.when));
  const files = new RuleFiles();
  const unreachable: Unreachable[] = [];
  for (const [rule, formula] of formulas.entries()) {
    const by = files.candidates(formula).find((earlier) => compare(formula, formulas[earlier] as Formula));
    if (by !== undefined) unreachable.push({ rule, by });
    // What a covered rule covers, the rule that covers it covers too.
    else files.add(rule, formula);
  }
  return unreachable;
}

/** Where a rule is filed that needs no literal to be implied: it is a candidate for all. */
const ALWAYS = "always";

/** Rules, each filed where every literal leads that could imply it. */
class RuleFiles {
  readonly #rules = new Map<string, number[]>();
  readonly #blocks = new BlockSet();
  /** How long the prefixes and suffixes of a fact are under which something is filed. */
  readonly #lengths = new Map<string, Set<number>>();

  add(rule: number, formula: Formula): void {
    for (const drawer of this.#anchors(formula)) {
      const filed = this.#rules.get(drawer);
      if (filed === undefined) this.#rules.set(drawer, [rule]);
      else filed.push(rule);
    }
  }

  /** Earlier rules that the formula could imply, in their order. */
  candidates(formula: Formula): number[] {
    const found = new Set(this.#rules.get(ALWAYS));
    for (const literal of literalsOf(formula)) {
      for (const drawer of this.#implied(literal)) {
        for (const rule of this.#rules.get(drawer) ?? []) found.add(rule);
      }
    }
    return [...found].sort((a, b) => a - b);
  }

  /** Of a conjunction every part has to be implied, so one is enough: the one where the fewest are filed. */
  #anchors(formula: Formula): string[] {
    if (formula.kind === "literal") return this.#drawers(formula);
    const parts = formula.of.map((each) => this.#anchors(each));
    if (formula.kind === "any") return parts.flat();
    let best = [ALWAYS];
    let fewest = Number.POSITIVE_INFINITY;
    for (const part of parts) {
      const filed = part.reduce((sum, drawer) => sum + (this.#rules.get(drawer)?.length ?? 0), 0);
      if (filed < fewest) [best, fewest] = [part, filed];
    }
    return best;
  }

  /** Where to file under a literal so that `#implied` leads there from all that imply it. */
  #drawers({ on, matcher, denied }: Literal): string[] {
    const fact = factKey(on);
    if (denied) return [`${fact} denied`];
    switch (matcher.kind) {
      case "present":
      case "contains":
        return [`${fact} any`];
      case "regex":
        return [`${fact} regex ${matcher.value}`];
      case "prefix":
      case "suffix":
        this.#addLength(`${fact} ${matcher.kind}`, matcher.value.length);
        return [`${fact} ${matcher.kind} ${matcher.value}`];
      case "equal":
      case "in":
        return (valuesOf(matcher) ?? []).map((value) => `${fact} = ${this.#spelling(on, value)}`);
    }
  }

  #spelling(on: FactName, value: string): string {
    return on.fact === "client" ? (this.#blocks.add(value) ?? value) : value;
  }

  #addLength(kind: string, length: number): void {
    const lengths = this.#lengths.get(kind);
    if (lengths === undefined) this.#lengths.set(kind, new Set([length]));
    else lengths.add(length);
  }

  /** Every drawer under whose literal something is filed that this literal could imply. */
  *#implied({ on, matcher, denied }: Literal): Iterable<string> {
    const fact = factKey(on);
    yield `${fact} denied`;
    if (denied) return;
    yield `${fact} any`;
    if (matcher.kind === "regex") yield `${fact} regex ${matcher.value}`;
    const values = valuesOf(matcher) ?? [];
    for (const value of values) {
      for (const same of on.fact === "client" ? this.#blocks.around(value) : [value])
        yield `${fact} = ${same}`;
    }
    for (const value of "value" in matcher ? [matcher.value] : values) yield* this.#partsOf(fact, value);
  }

  *#partsOf(fact: string, value: string): Iterable<string> {
    for (const length of this.#lengths.get(`${fact} prefix`) ?? []) {
      if (length <= value.length) yield `${fact} prefix ${value.slice(0, length)}`;
    }
    for (const length of this.#lengths.get(`${fact} suffix`) ?? []) {
      if (length <= value.length) yield `${fact} suffix ${value.slice(value.length - length)}`;
    }
  }
}

function* literalsOf(formula: Formula): Iterable<Literal> {
  if (formula.kind === "literal") yield formula;
  else for (const each of formula.of) yield* literalsOf(each);
}
