import { expect, test } from "vitest";
import { printable, table } from "./table.ts";

test("table() aligns columns and leaves no blanks at the ends of lines", () => {
  const columns = [{ head: "NAME" }, { head: "COUNT", align: "right" }, { head: "WHY" }] as const;
  const rows = [
    ["a", "12345678", "good"],
    ["long name", "1", ""],
  ];
  expect(table(columns, rows)).toBe(
    "NAME          COUNT  WHY\na          12345678  good\nlong name         1\n",
  );
});

test("printable() shows what would steer a terminal, and does not do it", () => {
  expect(printable("red \u001b[31m, next\nline")).toBe("red \\u001b[31m, next\\u000aline");
});
