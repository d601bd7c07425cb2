import type { Scenario } from "./scenario.ts";
import type { Outcome } from "./score.ts";
import type { Target } from "./targets/target.ts";

export interface Score {
  readonly target: Target;
  /** Undefined: not installed here. */
  readonly version: string | undefined;
  readonly outcomes: readonly Outcome[];
}

const LEVELS = ["must", "should", "ours"] as const;

/** A table side by side: a row for each file and level, and what each target passed of what it was asked. */
export function renderTable(scores: readonly Score[]): string {
  const files = [
    ...new Set(scores.flatMap(({ outcomes }) => outcomes.map(({ scenario }) => scenario.file))),
  ].sort();
  const rows = files.flatMap((file) => LEVELS.map((level) => row(file, level, scores)));
  const totals = LEVELS.map((level) => row(undefined, level, scores));
  const cells = [["file", "level", ...scores.map(title)], ...rows.filter(isAsked), ...totals.filter(isAsked)];
  return align(cells);
}

function title({ target, version }: Score): string {
  return version ?? `${target.name}: not installed`;
}

function row(file: string | undefined, level: Scenario["level"], scores: readonly Score[]): string[] {
  const counts = scores.map(({ outcomes }) => {
    const asked = outcomes.filter(
      ({ scenario }) => scenario.level === level && (file === undefined || scenario.file === file),
    );
    const passed = asked.filter(({ failure }) => failure === undefined).length;
    return asked.length === 0 ? NOT_ASKED : `${passed}/${asked.length}`;
  });
  return [file ?? "all", level, ...counts];
}

const NOT_ASKED = "-";

function isAsked(cells: readonly string[]): boolean {
  return cells.slice(2).some((cell) => cell !== NOT_ASKED);
}

/** As Markdown, which is aligned to be read on a terminal too. */
function align(cells: readonly (readonly string[])[]): string {
  const [head = []] = cells;
  const widths = head.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head), rule, ...cells.slice(1).map(line)].join("\n");
}

/** What a target failed: names alone, or with reason and transcript. */
export function renderFailures({ target, outcomes }: Score, verbose: boolean): string {
  const failed = outcomes.filter(({ failure }) => failure !== undefined);
  if (failed.length === 0) return "";
  const lines = failed.map(({ scenario, failure }) => {
    const name = `  ${scenario.level} ${scenario.file} / ${scenario.name}`;
    if (!verbose || failure === undefined) return name;
    return [`${name} (${scenario.rfc}): ${failure.step}: ${failure.reason}`, ...failure.transcript].join(
      "\n      ",
    );
  });
  return [`${target.name} fails ${failed.length}:`, ...lines.sort()].join("\n");
}
