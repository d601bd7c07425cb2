import { join } from "node:path";
import { REDIS_TROUBLES } from "@shunt/core";
import { expect, test } from "vitest";
import { readPage, tableRows } from "./pages.ts";

test("docs/configuration.md has every trouble of Redis, in the order of the code", () => {
  const page = readPage(join(import.meta.dirname, "../.."), "docs/configuration.md");
  const rows = tableRows(page);
  const start = rows.findIndex(([head]) => head === "`reason`");
  const said = rows.slice(start + 2, start + 2 + Object.keys(REDIS_TROUBLES).length).map(([name]) => name);
  expect(said).toEqual(Object.keys(REDIS_TROUBLES).map((name) => `\`${name}\``));
});
