import type { z } from "zod";
import { describeKind, describeValue, type Mistake, type Path } from "./mistake.ts";
import { didYouMean, nearest, oneOfNames } from "./suggest.ts";

/** Sections whose values are never repeated in a message: a secret may stand at any wrong place of them. */
const SECRET_SECTIONS: ReadonlySet<unknown> = new Set(["admin", "identity"]);

/**
 * Reads one part of the raw options. What is wrong with it is added to `mistakes` under `path`; undefined is given
 * back then, so that nobody works with half a part. Unknown keys alone do not spoil the keys that are known.
 */
export function readPart<T>(
  schema: PartSchema<T>,
  raw: unknown,
  path: Path,
  mistakes: Mistake[],
): T | undefined {
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  const { issues } = result.error;
  const known = Object.keys(schema.shape);
  const misspelt = misspeltKeys(issues, known);
  const told = issues.filter((issue) => !isMissing(issue, raw) || !misspelt.has(issue.path[0]));
  for (const issue of told) mistakes.push(...mistakesOf(issue, raw, path, known));
  return issues.every(isAboutUnknownKeys) ? schema.safeParse(onlyKnown(raw, known)).data : undefined;
}

/** Keys that were meant by unknown ones: that such a key is missing is the same mistake once more. */
function misspeltKeys(issues: readonly z.core.$ZodIssue[], known: readonly string[]): ReadonlySet<unknown> {
  const unknown = issues.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys : []));
  return new Set(unknown.map((key) => nearest(key, known)));
}

function isMissing({ path }: z.core.$ZodIssue, raw: unknown): boolean {
  return (
    path.length === 1 &&
    valueAt(
      raw,
      path.filter((key) => typeof key !== "symbol"),
    ) === undefined
  );
}

function isAboutUnknownKeys(issue: z.core.$ZodIssue): boolean {
  return issue.code === "unrecognized_keys" && issue.path.length === 0;
}

function onlyKnown(raw: unknown, known: readonly string[]): unknown {
  return Object.fromEntries(Object.entries(raw as object).filter(([key]) => known.includes(key)));
}

/** A strict object: its keys are known, so that a wrong one can be told what it was meant to be. */
export interface PartSchema<T> extends z.ZodType<T> {
  readonly shape: Readonly<Record<string, unknown>>;
}

function mistakesOf(issue: z.core.$ZodIssue, raw: unknown, path: Path, known: readonly string[]): Mistake[] {
  const inside = issue.path.filter((key) => typeof key !== "symbol");
  const place = [...path, ...inside];
  if (issue.code === "unrecognized_keys") {
    const siblings = inside.length === 0 ? known : [];
    return issue.keys.map((key) => unknownKey(key, place, siblings));
  }
  return [{ path: place, problem: found(valueAt(raw, inside), place), expected: expectation(issue) }];
}

export function unknownKey(key: string, parent: Path, known: readonly string[]): Mistake {
  const expected = oneOfNames(known);
  return {
    path: [...parent, key],
    problem: `unknown key${didYouMean(key, known)}`,
    ...(expected === undefined ? {} : { expected }),
    at: "key",
  };
}

/** What stands at the place, or that nothing does. */
export function found(value: unknown, place: Path): string {
  if (value === undefined) return "is missing";
  return `found ${SECRET_SECTIONS.has(place[0]) ? describeKind(value) : describeValue(value)}`;
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === "custom" && typeof issue.params?.expected === "string") return issue.params.expected;
  if (issue.code === "invalid_type") return KINDS[issue.expected] ?? issue.expected;
  return issue.message;
}

const KINDS: Readonly<Record<string, string>> = { object: "an object", array: "a list" };

function valueAt(raw: unknown, path: Path): unknown {
  let value = raw;
  for (const key of path) value = (value as Record<string | number, unknown> | null | undefined)?.[key];
  return value;
}
