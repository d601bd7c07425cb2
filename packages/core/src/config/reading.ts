import type { Mistake, Path, Warning } from "./mistake.ts";
import { quote } from "./mistake.ts";
import { isObject } from "./schema.ts";
import { didYouMean, oneOfNames } from "./suggest.ts";
import { isName } from "./token.ts";

/** What a configuration depends on besides its own text. Passed in, so that resolving stays pure. */
export interface ResolveContext {
  /** Acceptors when the file does not say: one per core. */
  readonly cores: number;
  /** Directory of the embedded state when the file does not say. */
  readonly statePath: string;
  /** Makes a path that is relative to the configuration absolute. */
  absolutePath(path: string): string;
  /** Value of an environment variable, undefined when it is not set. */
  env(name: string): string | undefined;
  /** Text of a file. Throws an `Error` whose message is the reason. */
  readFile(path: string): string;
}

/** One resolution in progress: what it was given, and what it has found so far. */
export interface Reading {
  readonly context: ResolveContext;
  readonly mistakes: Mistake[];
  readonly warnings: Warning[];
}

/** The entries of an object of named things; none when it is not an object, which `rootSchema` reports. */
export function namedEntries(raw: unknown): [string, unknown][] {
  return isObject(raw) ? Object.entries(raw).filter(([, value]) => value !== undefined) : [];
}

/** Refuses an object of named things that has none, too many, or one whose name cannot be used. */
export function checkNames(
  raw: unknown,
  what: string,
  most: number,
  path: Path,
  { mistakes }: Reading,
): void {
  const names = namedEntries(raw).map(([name]) => name);
  if (isObject(raw) && (names.length === 0 || names.length > most)) {
    const problem = names.length === 0 ? `has no ${what}` : `has ${names.length} ${what}s`;
    mistakes.push({ path, problem, expected: `1 to ${most}` });
  }
  for (const name of names.filter((each) => !isName(each))) {
    const problem = `${quote(name)} cannot be the name of a ${what}`;
    const expected = "1 to 64 letters, digits, and _ . - (the last two not first)";
    mistakes.push({ path: [...path, name], problem, expected, at: "key" });
  }
}

/**
 * The place of a name among those that there are; -1, with a mistake, when it is not there. When there are no names
 * at all, their section is what is wrong, and says so itself.
 */
export function readReference(
  name: string,
  what: string,
  names: readonly string[],
  path: Path,
  { mistakes }: Reading,
): number {
  const index = names.indexOf(name);
  const expected = oneOfNames(names);
  if (index === -1 && expected !== undefined) {
    const problem = `there is no ${what} ${quote(name)}${didYouMean(name, names)}`;
    mistakes.push({ path, problem, expected });
  }
  return index;
}
