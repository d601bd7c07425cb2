import type { ChangeSeen } from "./admin/answers.ts";
import type { Output } from "./check.ts";
import { printable } from "./table.ts";

/** What became of a change, in lines: what differs, what is probably not meant, and which version holds. */
export function writeChange(change: ChangeSeen, json: boolean, output: Output): void {
  for (const warning of change.warnings) output.stderr.write(`warning: ${printable(warning)}\n`);
  output.stdout.write(json ? `${JSON.stringify(change, undefined, 2)}\n` : changeText(change));
}

const OUTCOMES: Readonly<Record<ChangeSeen["outcome"], string>> = {
  changed: "changed",
  unchanged: "unchanged: that is what holds already",
  "would-change": "would change; nothing was changed",
};

function changeText({ outcome, differences, term, generation }: ChangeSeen): string {
  const lines = differences.map(({ pointer, before, after }) => {
    if (before === undefined) return `+ ${pointer || "/"}: ${value(after)}`;
    if (after === undefined) return `- ${pointer || "/"}: ${value(before)}`;
    return `~ ${pointer || "/"}: ${value(before)} -> ${value(after)}`;
  });
  lines.push(`generation ${generation} (version ${term}-${generation}): ${OUTCOMES[outcome]}`);
  return lines.map((line) => `${printable(line)}\n`).join("");
}

function value(of: unknown): string {
  return JSON.stringify(of) ?? "nothing";
}
