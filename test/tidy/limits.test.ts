import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import {
  DEFAULT_LIMITS,
  DEFAULT_RETRY,
  DEFAULT_TIMEOUTS,
  FIXED,
} from "../../packages/core/src/config/defaults.ts";
import { readPage, tableRows } from "./pages.ts";

/** docs/limits.md has every bound as it is, and what it names exists. */

const root = join(import.meta.dirname, "../..");
const rows = tableRows(readPage(root, "docs/limits.md"));
const numbers: Readonly<Record<string, number>> = {
  ...DEFAULT_LIMITS,
  ...FIXED,
  "retry.bodyBytes": DEFAULT_RETRY.bodyBytes,
};

const grouped = (number: number): string => number.toLocaleString("en-US");

/** Names and values of the rows that begin with one of `names`. */
function said(names: readonly string[]): (readonly (string | undefined)[])[] {
  return rows.filter(([name = ""]) => names.includes(name)).map(([name, value]) => [name, value]);
}

test.each([
  ["limits.", DEFAULT_LIMITS],
  ["timeouts.", DEFAULT_TIMEOUTS],
  ["", FIXED],
])("docs/limits.md has each bound of %j once, with its value", (prefix, bounds) => {
  const expected = Object.entries<number>({ ...bounds }).map(([key, value]) => [
    `\`${prefix}${key}\``,
    grouped(value),
  ]);
  const names = expected.map(([name = ""]) => name);
  expect(said(names).sort()).toEqual(expected.sort());
});

test("docs/limits.md names no bound that there is not", () => {
  const known = [
    ...Object.keys(DEFAULT_LIMITS).map((key) => `limits.${key}`),
    ...Object.keys(DEFAULT_TIMEOUTS).map((key) => `timeouts.${key}`),
    ...Object.keys(FIXED),
    "retry.bodyBytes",
    "classes.NAME.bodyBytes",
  ];
  const named = rows.flatMap(([cell = ""]) => /^`([\w.]+)`$/.exec(cell)?.[1] ?? []);
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
});

test("docs/limits.md names scenarios and tests that exist, at least one for each bound", () => {
  const bounds = rows.filter(([cell = ""]) => cell.startsWith("`"));
  for (const [name, , , shown = ""] of bounds) {
    const proofs = [...shown.matchAll(/`([^`]+)`/g)].map(([, proof = ""]) => proof);
    expect([name, proofs.length > 0, proofs.filter((proof) => !isThere(proof))]).toEqual([name, true, []]);
  }
});

/** A file, or FILE/NAME of a scenario. */
function isThere(proof: string): boolean {
  if (proof.endsWith(".ts")) return existsSync(join(root, proof));
  const [file, name] = proof.split("/");
  const scenarios = join(root, `test/conformance/scenarios/${file}.yaml`);
  return existsSync(scenarios) && readFileSync(scenarios, "utf8").includes(`- name: ${name}\n`);
}

test("docs/limits.md sums up what an acceptor holds from the bounds as they are", () => {
  const sums = rows.filter(
    ([, octets = "", formula = ""]) => /^[\d,]+$/.test(octets) && formula.includes("`"),
  );
  const memory = sums.filter(([name = ""]) => !name.startsWith("`"));
  expect(memory).toHaveLength(9);
  for (const [name, octets, formula = ""] of memory) {
    const arithmetic = (formula.split(",")[0] ?? "")
      .replaceAll("×", "*")
      .replaceAll(/`([\w.]+)`/g, (_, key: string) => String(numbers[key]));
    expect([name, grouped(runInNewContext(arithmetic))]).toEqual([name, octets]);
  }
});
