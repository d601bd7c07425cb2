import { expect, test } from "vitest";
import type { Condition, FactName, Matcher } from "../config/resolved.ts";
import { type All, type CompiledCondition, compileCondition } from "./condition.ts";
import { type Key, type Necessity, necessityOf } from "./keys.ts";
import { remainder } from "./remainder.ts";

const is = (on: FactName, matcher: Matcher): Condition => ({ kind: "test", on, matcher });
const host = is({ fact: "host" }, { kind: "equal", value: "a.example" });
const path = is({ fact: "path" }, { kind: "prefix", value: "/a" });

/** What is left of a condition by each of its keys, in order. */
function remaindersOf(condition: CompiledCondition): (CompiledCondition | undefined)[] {
  return keysOf(necessityOf(condition)).map((key) => remainder(condition, key));
}

function keysOf(necessity: Necessity | undefined): readonly Key[] {
  if (necessity === undefined) return [];
  return necessity.kind === "keys" ? necessity.keys : necessity.parts.flatMap(keysOf);
}

test.each<Matcher>([
  { kind: "equal", value: "x" },
  { kind: "in", values: ["x", "y"] },
  { kind: "prefix", value: "x" },
  { kind: "suffix", value: "x" },
  { kind: "present" },
])("remainder() leaves nothing of a test that its key decides, %j", (matcher) => {
  for (const left of remaindersOf(compileCondition(is({ fact: "header", name: "x" }, matcher))))
    expect(left).toBeUndefined();
});

test("remainder() leaves an expression whole, and a text whose presence alone is known", () => {
  const expression = compileCondition(is({ fact: "path" }, { kind: "regex", value: "^/a/[0-9]+$" }));
  for (const left of remaindersOf(expression)) expect(left).toBe(expression);
  const anyText = compileCondition(is({ fact: "body", name: "/a" }, { kind: "contains", value: "" }));
  for (const left of remaindersOf(anyText)) expect(left).toBe(anyText);
});

test("remainder() leaves the other parts of a conjunction, and nothing of an alternative that holds", () => {
  const both = compileCondition({ kind: "all", of: [host, path] }) as All;
  expect(remaindersOf(both)).toEqual([both.of[1], both.of[0]]);
  const either = compileCondition({ kind: "any", of: [host, path] });
  expect(remaindersOf(either)).toEqual([undefined, undefined]);
  const oneOfThem = compileCondition({ kind: "any", of: [{ kind: "all", of: [host, path] }, host] });
  expect(remaindersOf(oneOfThem)).toEqual([oneOfThem, oneOfThem, undefined]);
});

test("remainder() leaves a denial whole", () => {
  const key = keysOf(necessityOf(compileCondition(host)))[0] as Key;
  const denial = compileCondition({ kind: "not", of: host });
  expect(remainder(denial, key)).toBe(denial);
});
