/**
 * A Markdown table whose columns are padded to line up on a terminal. The first `left` columns are aligned left and
 * the others right, but for the last, which holds prose.
 */
export function table(
  columns: readonly string[],
  left: number,
  rows: readonly (readonly string[])[],
): string {
  const widths = columns.map((column, index) =>
    Math.max(column.length, 3, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const toTheLeft = (index: number): boolean => index < left || index === columns.length - 1;
  const line = (cells: readonly string[]): string => {
    const padded = widths.map((width, index) => {
      const cell = (cells[index] ?? "").replaceAll("|", "\\|");
      return toTheLeft(index) ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, index) =>
    toTheLeft(index) ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [line(columns), line(rule), ...rows.map(line)].join("\n");
}
