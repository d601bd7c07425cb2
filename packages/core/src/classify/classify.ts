import type { CompiledRules } from "./compile.ts";
import type { Facts } from "./facts.ts";

/**
 * Index of the first rule that matches, in the order in which the operator wrote them; -1 when none does, which means
 * the default class. Pure, and allocates nothing beyond what reading the facts does.
 */
export function classify(facts: Facts, compiled: CompiledRules): number {
  const none = compiled.conditions.length;
  const rule = compiled.index.narrow(facts, none);
  return rule === none ? -1 : rule;
}

/** The class that a result of `classify` stands for. */
export function classOf(rule: number, compiled: CompiledRules): number {
  return compiled.classes[rule] ?? compiled.defaultClass;
}
