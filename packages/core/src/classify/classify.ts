import type { ContentFacts } from "../content/content-facts.ts";
import type { CompiledRules } from "./compile.ts";
import type { CompiledCondition } from "./condition.ts";
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

/** Which rule matches is decided by content that has not come yet. */
export const DEPENDS = -2;

/**
 * The same for a head whose content may not have come; `DEPENDS` where that decides. While it is unread, `classify`
 * finds the first rule that may match: it does, if it would without anything being known of the content.
 * @param content of which `facts` tell
 */
export function classifyHead(
  facts: Facts,
  content: Pick<ContentFacts, "isUnread" | "giveUp">,
  compiled: CompiledRules,
): number {
  const rule = classify(facts, compiled);
  if (rule < 0 || !content.isUnread) return rule;
  content.giveUp();
  return (compiled.conditions[rule] as CompiledCondition).holds(facts) ? rule : DEPENDS;
}

/** The class that a result of `classify` stands for. */
export function classOf(rule: number, compiled: CompiledRules): number {
  return compiled.classes[rule] ?? compiled.defaultClass;
}
