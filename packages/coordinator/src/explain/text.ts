import type { PoolExplanation, TriedRule } from "@shunt/core";
import type { Explanation } from "./explain.ts";

/** The explanation for a person to read: what matched, who was compared, who won, and why. */
export function explanationText(explanation: Explanation): string {
  if (explanation.outcome === "refused") {
    const { rule, status, source, expected } = explanation.refusal;
    return `refused   ${status}, rule ${rule} (${source}): expected ${expected}\n`;
  }
  const { request, rules, choice } = explanation;
  const failed = rules.tried.filter(({ matched }) => !matched);
  const lines = [
    `request   ${request.method} ${request.path}${request.host && ` of host ${request.host}`}`,
    `client    ${request.client}${request.user === null ? "" : `, user ${request.user}`}`,
    ...failed.map((tried) => `no match  ${whyNot(tried)}`),
    ...(rules.omitted > 0 ? [`          and ${rules.omitted} more rules that do not match`] : []),
    `rule      ${explanation.rule ?? "none matched: the default class"}`,
    `class     ${explanation.class}`,
    ...choice.pools.flatMap(poolLines),
    `winner    ${choice.server === null ? "nobody: the answer is 503" : `${choice.pool}/${choice.server}${choice.spilled ? " (spilled)" : ""}`}`,
    `why       ${choice.why}`,
    ...explanation.notes.map((note) => `note      ${note}`),
  ];
  return `${lines.join("\n")}\n`;
}

function whyNot({ name, failed }: TriedRule): string {
  if (failed === null) return name;
  const nothing = failed.unknown ? "unknown" : "absent";
  const found = failed.values.length === 0 ? nothing : failed.values.map((value) => `"${value}"`).join(", ");
  const not = failed.expected ? "" : "not ";
  return `${name}: ${failed.fact} is ${found}, expected ${not}${matcherText(failed.matcher)}`;
}

function matcherText(matcher: NonNullable<TriedRule["failed"]>["matcher"]): string {
  switch (matcher.kind) {
    case "present":
    case "absent":
      return matcher.kind;
    case "in":
      return `one of ${matcher.values.map((value) => `"${value}"`).join(", ")}`;
    default:
      return `${WORDS[matcher.kind]} "${matcher.value}"`.trimStart();
  }
}

const WORDS = {
  equal: "",
  prefix: "a prefix",
  suffix: "a suffix",
  contains: "to contain",
  regex: "to match",
} as const;

function poolLines({ pool, balance, candidates, server }: PoolExplanation): string[] {
  return [
    `pool      ${pool}, balanced by ${balance}`,
    ...candidates.map((candidate, index) => {
      const mark = index === server ? "->" : "  ";
      const state = candidate.ineligible === null ? "" : `, ${candidate.ineligible.replaceAll("-", " ")}`;
      const score = candidate.score === null ? "" : `, score ${rounded(candidate.score)}`;
      const seen = candidate.compared ? "" : ", not compared";
      const load = candidate.outstanding + candidate.reported;
      const word = announcedText(candidate);
      return `       ${mark} ${candidate.name}: ${load} outstanding, weight ${candidate.weight}${word}${score}${state}${seen}`;
    }),
  ];
}

function announcedText({ announced, effectiveWeight }: PoolExplanation["candidates"][number]): string {
  if (announced === 0) return "";
  return ` (says it is ${rounded(announced * 100)} % loaded: counts as ${rounded(effectiveWeight)})`;
}

const rounded = (value: number): string => String(Math.round(value * 1_000) / 1_000);
