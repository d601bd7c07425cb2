/** A column: its head, and how what stands in it is aligned. */
export interface Column {
  readonly head: string;
  readonly align?: "left" | "right";
}

/** Lines of aligned columns, two spaces between them and none at their ends. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map(({ head }) => head), ...rows.map((row) => row.map(printable))];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => (line[at] ?? "").length)));
  return lines
    .map((line) =>
      columns
        .map(({ align = "left" }, at) => {
          const cell = line[at] ?? "";
          const width = widths[at] ?? 0;
          return align === "left" ? cell.padEnd(width) : cell.padStart(width);
        })
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** Names and reasons come from elsewhere; what would steer a terminal is shown and not done. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (control) => {
    return `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
