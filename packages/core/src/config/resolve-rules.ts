import { findUnreachable } from "../classify/reachability.ts";
import { readCondition, userTests } from "./condition.ts";
import { COUNTS } from "./defaults.ts";
import { type Path, quote } from "./mistake.ts";
import { readPart } from "./read-part.ts";
import { type Reading, readReference } from "./reading.ts";
import type { ResolvedRule } from "./resolved.ts";
import { isObject, ruleSchema } from "./schema.ts";

/** The rules that could be read, in their order. `identified`: whether users are identified. */
export function resolveRules(
  raw: unknown,
  classNames: readonly string[],
  identified: boolean,
  reading: Reading,
): ResolvedRule[] {
  const list: readonly unknown[] = Array.isArray(raw) ? raw : [];
  if (list.length > COUNTS.rules) {
    const expected = `at most ${COUNTS.rules}`;
    reading.mistakes.push({ path: ["rules"], problem: `has ${list.length} rules`, expected });
    return [];
  }
  refuseRepeatedNames(list, reading);
  const rules = list.map((each, index) =>
    resolveRule(each, ["rules", index], classNames, identified, reading),
  );
  refuseUnreachable(rules, reading);
  return rules.filter((rule) => rule !== undefined);
}

function resolveRule(
  raw: unknown,
  path: Path,
  classNames: readonly string[],
  identified: boolean,
  reading: Reading,
): ResolvedRule | undefined {
  const { mistakes } = reading;
  const options = readPart(ruleSchema, raw, path, mistakes);
  const fields = isObject(raw) ? raw : {};
  const place = [...path, "when"];
  const when = isObject(fields.when) ? readCondition(fields.when, place, mistakes) : undefined;
  if (when !== undefined && !identified) refuseUserTests(fields.when, place, reading);
  const named = typeof fields.class === "string" && fields.class !== "" ? fields.class : undefined;
  const index =
    named === undefined ? -1 : readReference(named, "class", classNames, [...path, "class"], reading);
  if (when === undefined) return undefined;
  return { name: options?.name ?? "", when, class: index };
}

function refuseUserTests(when: unknown, path: Path, { mistakes }: Reading): void {
  for (const place of userTests(when, path)) {
    const problem = "nobody is identified, because there is no identity";
    mistakes.push({
      path: place,
      problem,
      expected: "identity to be configured, or another condition",
      at: "key",
    });
  }
}

function refuseRepeatedNames(list: readonly unknown[], { mistakes }: Reading): void {
  const first = new Map<unknown, number>();
  for (const [index, rule] of list.entries()) {
    const name = isObject(rule) ? rule.name : undefined;
    if (typeof name !== "string") continue;
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, index);
    else {
      const problem = `${quote(name)} is the name of rules[${earlier}] already`;
      mistakes.push({ path: ["rules", index, "name"], problem, expected: "a name of its own" });
    }
  }
}

/** Rules that could not be read are left out: what they would match is not known. */
function refuseUnreachable(rules: readonly (ResolvedRule | undefined)[], { mistakes }: Reading): void {
  const places = rules.flatMap((rule, index) => (rule === undefined ? [] : [index]));
  const readable = rules.filter((rule) => rule !== undefined);
  for (const { rule, by } of findUnreachable(readable)) {
    const earlier = `rules[${places[by]}] (${quote(readable[by]?.name ?? "")})`;
    const problem = `the rule ${quote(readable[rule]?.name ?? "")} is never reached: ${earlier} matches all that it matches`;
    mistakes.push({
      path: ["rules", places[rule] ?? 0],
      problem,
      expected: "it before that rule, or a narrower one there",
    });
  }
}
