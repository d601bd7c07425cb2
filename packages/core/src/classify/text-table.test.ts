import { expect, test } from "vitest";
import { addText, findText, type Memory, newTable } from "./text-table.ts";

function find(memory: Memory, table: number, hash: number, value: string) {
  return findText(memory, table, hash, value, 0, value.length);
}

test("findText() finds each text by its hash and nothing by another, however many there are", () => {
  const memory: Memory = [];
  const texts = Array.from({ length: 1_000 }, (_, n) => ({ hash: Math.imul(n, 65_537) | 0, text: `t${n}` }));
  const table = newTable(memory, texts.length);
  for (const [n, { hash, text }] of texts.entries()) addText(memory, table, hash, text, n);
  expect(texts.map(({ hash, text }) => find(memory, table, hash, text))).toEqual([...texts.keys()]);
  expect(texts.map(({ hash, text }) => find(memory, table, hash + 1, text))).toEqual(
    texts.map(() => undefined),
  );
});

test("findText() tells texts apart whose hashes are the same", () => {
  const memory: Memory = [];
  const table = newTable(memory, 2);
  addText(memory, table, -1, "one", 1);
  addText(memory, table, -1, "two", 2);
  expect(["one", "two", "six"].map((text) => find(memory, table, -1, text))).toEqual([1, 2, undefined]);
});

test("findText() finds in a table what was added to it, and not what was added to the next", () => {
  const memory: Memory = [];
  const texts = ["one", "two", "six"];
  const tables = [1, 2, 3].map(() => newTable(memory, texts.length));
  for (const [n, text] of texts.entries()) addText(memory, tables[1] as number, n, text, n);
  for (const [n, text] of texts.entries()) addText(memory, tables[0] as number, n, text, n + 10);
  const found = tables.map((table) => texts.map((text, n) => find(memory, table, n, text)));
  expect(found).toEqual([[10, 11, 12], [0, 1, 2], texts.map(() => undefined)]);
});

test("findText() finds a part of a value", () => {
  const memory: Memory = [];
  const table = newTable(memory, 1);
  addText(memory, table, 7, "one", 1);
  expect(findText(memory, table, 7, "someones", 4, 7)).toBe(1);
  expect(findText(memory, table, 7, "someones", 4, 8)).toBe(undefined);
});
