import { expect, test } from "vitest";
import { addText, findPart, findText, type Memory, newTable } from "./text-table.ts";

test.each([1, 2, 3, 33, 1_000])("newTable() has twice as many slots as its %i texts, or more", (texts) => {
  const memory: Memory = [];
  const table = newTable(memory, texts);
  // three cells each; with fewer slots looking for a text takes long, or never ends
  expect(memory.length - table - 1).toBeGreaterThanOrEqual(2 * texts * 3);
});

test("findText() finds each text by its hash and nothing by another, however many there are", () => {
  const memory: Memory = [];
  const texts = Array.from({ length: 1_000 }, (_, n) => ({ hash: Math.imul(n, 65_537) | 0, text: `t${n}` }));
  const table = newTable(memory, texts.length);
  for (const [n, { hash, text }] of texts.entries()) addText(memory, table, hash, text, n);
  expect(texts.map(({ hash, text }) => findText(memory, table, hash, text))).toEqual([...texts.keys()]);
  expect(texts.map(({ hash, text }) => findText(memory, table, hash + 1, text))).toEqual(
    texts.map(() => undefined),
  );
});

test("findText() tells texts apart whose hashes are the same", () => {
  const memory: Memory = [];
  const table = newTable(memory, 2);
  addText(memory, table, -1, "one", 1);
  addText(memory, table, -1, "two", 2);
  expect(["one", "two", "six"].map((text) => findText(memory, table, -1, text))).toEqual([1, 2, undefined]);
});

test("findText() finds in a table what was added to it, and not what was added to the next", () => {
  const memory: Memory = [];
  const texts = ["one", "two", "six"];
  const tables = [1, 2, 3].map(() => newTable(memory, texts.length));
  for (const [n, text] of texts.entries()) addText(memory, tables[1] as number, n, text, n);
  for (const [n, text] of texts.entries()) addText(memory, tables[0] as number, n, text, n + 10);
  const found = tables.map((table) => texts.map((text, n) => findText(memory, table, n, text)));
  expect(found).toEqual([[10, 11, 12], [0, 1, 2], texts.map(() => undefined)]);
});

test("findPart() finds a part of a value", () => {
  const memory: Memory = [];
  const table = newTable(memory, 1);
  addText(memory, table, 7, "one", 1);
  expect(findPart(memory, table, 7, "someones", 4, 7)).toBe(1);
  expect(findPart(memory, table, 7, "someones", 4, 8)).toBe(undefined);
});
