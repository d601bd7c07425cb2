import { RE2JS } from "re2js";
import { isPointer, pointerTokens } from "../content/json-pointer.ts";
import { isRegistered } from "../http/methods.ts";
import { normalisePath, pathForMatching } from "../http/path.ts";
import { canonicalBlock } from "./addresses.ts";
import { describeValue, type Mistake, oneOf, type Path, quote } from "./mistake.ts";
import { found, unknownKey } from "./read-part.ts";
import type { Condition, FactName, Matcher } from "./resolved.ts";
import { isObject } from "./schema.ts";
import { didYouMean } from "./suggest.ts";
import { isToken } from "./token.ts";

/**
 * The `when` of a rule, raw -> `Condition`. Mistakes are collected, all of them; undefined is given back when there
 * was one. Several keys mean all, in the order in which they are written; a single one stands for itself.
 */
export function readCondition(raw: unknown, path: Path, mistakes: Mistake[]): Condition | undefined {
  return readNested(raw, path, mistakes, 0);
}

/** Deeper than anybody writes by hand; a computed configuration may refer to itself. */
const DEEPEST = 32;
const MOST_VALUES = 100_000;
const LONGEST_REGEX = 1_000;
const LONGEST_BODY_NAME = 1_000;

const FACTS = ["method", "host", "path", "client", "user"] as const;
const NAMED_FACTS = ["query", "header", "cookie", "body"] as const;
const KEYS = [...FACTS, ...NAMED_FACTS, "all", "any", "not"] as const;
const AVAILABLE = `one of ${oneOf(KEYS)}`;
const CONDITION_EXPECTED = `a condition: an object with ${AVAILABLE}`;

type NamedFact = (typeof NAMED_FACTS)[number];

function readNested(raw: unknown, path: Path, mistakes: Mistake[], depth: number): Condition | undefined {
  if (depth > DEEPEST) {
    const expected = `at most ${DEEPEST} conditions inside each other`;
    mistakes.push({ path, problem: "nested too deeply", expected });
    return undefined;
  }
  if (!isObject(raw)) {
    mistakes.push({ path, problem: found(raw, path), expected: CONDITION_EXPECTED });
    return undefined;
  }
  const written = Object.entries(raw).filter(([, value]) => value !== undefined);
  return together(written.map(([key, value]) => readKey(key, value, [...path, key], mistakes, depth)));
}

function readKey(
  key: string,
  value: unknown,
  path: Path,
  mistakes: Mistake[],
  depth: number,
): Condition | undefined {
  if (key === "all" || key === "any") return readList(key, value, path, mistakes, depth);
  if (key === "not") return negation(readNested(value, path, mistakes, depth + 1));
  if (includes(NAMED_FACTS, key)) return readNamedTests(key, value, path, mistakes);
  if (includes(FACTS, key)) return readTest({ fact: key }, value, path, mistakes);
  mistakes.push(unknownKey(key, path.slice(0, -1), KEYS));
  return undefined;
}

function readList(
  kind: "all" | "any",
  raw: unknown,
  path: Path,
  mistakes: Mistake[],
  depth: number,
): Condition | undefined {
  if (!Array.isArray(raw) || raw.length === 0) {
    const problem = Array.isArray(raw) ? "found an empty list" : found(raw, path);
    mistakes.push({ path, problem, expected: "a list of at least one condition" });
    return undefined;
  }
  const of = complete(raw.map((each, index) => readNested(each, [...path, index], mistakes, depth + 1)));
  return of === undefined ? undefined : { kind, of };
}

function readNamedTests(
  fact: NamedFact,
  raw: unknown,
  path: Path,
  mistakes: Mistake[],
): Condition | undefined {
  const written = isObject(raw) ? Object.entries(raw).filter(([, value]) => value !== undefined) : [];
  if (written.length === 0) {
    const problem = isObject(raw) ? "names nothing" : found(raw, path);
    mistakes.push({ path, problem, expected: `${fact} names and what they have to be, as in { "x": "1" }` });
    return undefined;
  }
  return together(
    written.map(([name, value]) => readNamedTest(fact, name, value, [...path, name], mistakes)),
  );
}

function readNamedTest(
  fact: NamedFact,
  name: string,
  raw: unknown,
  path: Path,
  mistakes: Mistake[],
): Condition | undefined {
  const matcher = readTest(
    { fact, name: fact === "header" ? name.toLowerCase() : name },
    raw,
    path,
    mistakes,
  );
  const expected = nameExpected(fact, name);
  if (expected === undefined) return matcher;
  const owner = fact === "body" ? "field of a body" : fact;
  mistakes.push({ path, problem: `${quote(name)} cannot be the name of a ${owner}`, expected, at: "key" });
  return undefined;
}

/** What a name would have to be; undefined when it is that. */
function nameExpected(fact: NamedFact, name: string): string | undefined {
  switch (fact) {
    case "query":
      return name === "" ? "a name that is not empty" : undefined;
    case "header":
    case "cookie":
      return isToken(name) ? undefined : "a token (RFC 9110, section 5.6.2)";
    case "body":
      if (name === "" || name.length > LONGEST_BODY_NAME)
        return `a JSON pointer or the name of a form field, of 1 to ${LONGEST_BODY_NAME} characters`;
      if (!isPointer(name) || pointerTokens(name) !== undefined) return undefined;
      return 'a JSON pointer (RFC 6901), in which "~" stands before 0 or 1';
  }
}

function readTest(on: FactName, raw: unknown, path: Path, mistakes: Mistake[]): Condition | undefined {
  const before = mistakes.length;
  const matcher = readMatcher(on, raw, path, mistakes);
  if (matcher === undefined || mistakes.length > before) return undefined;
  return { kind: "test", on, matcher };
}

const TEXT_TESTS = ["prefix", "suffix", "contains", "regex"] as const;
const TESTS = [...TEXT_TESTS, "in"] as const;
const MATCHER_EXPECTED =
  "a text, true, false, or one of { prefix }, { suffix }, { contains }, { in }, { regex }";
const CLIENT_EXPECTED = "an address, a CIDR block, or { in: [...] } of them";

function readMatcher(on: FactName, raw: unknown, path: Path, mistakes: Mistake[]): Matcher | undefined {
  if (typeof raw === "string") return { kind: "equal", value: readValue(on, raw, path, mistakes) };
  if (typeof raw === "boolean") return readPresence(on, raw, path, mistakes);
  if (isObject(raw)) return readTagged(on, raw, path, mistakes);
  mistakes.push({ path, problem: found(raw, path), expected: matcherExpected(on) });
  return undefined;
}

function matcherExpected(on: FactName): string {
  return on.fact === "client" ? CLIENT_EXPECTED : MATCHER_EXPECTED;
}

const ALWAYS_PRESENT: readonly FactName["fact"][] = ["method", "path", "client"];

function readPresence(on: FactName, present: boolean, path: Path, mistakes: Mistake[]): Matcher {
  if (ALWAYS_PRESENT.includes(on.fact)) {
    const problem = `found ${present}, but every request has a ${on.fact}`;
    mistakes.push({ path, problem, expected: matcherExpected(on).replace("true, false, ", "") });
  }
  return { kind: present ? "present" : "absent" };
}

function readTagged(
  on: FactName,
  raw: Record<string, unknown>,
  path: Path,
  mistakes: Mistake[],
): Matcher | undefined {
  const written = Object.entries(raw).filter(([, value]) => value !== undefined);
  const [entry, ...others] = written;
  if (entry === undefined || others.length > 0) {
    const problem = entry === undefined ? "found no test" : `found ${written.length} tests in one matcher`;
    mistakes.push({ path, problem, expected: `${matcherExpected(on)}; use all for several` });
    return undefined;
  }
  const [kind, value] = entry;
  if (kind === "in") return readIn(on, value, [...path, kind], mistakes);
  if (includes(TEXT_TESTS, kind) && on.fact !== "client") {
    return readTextTest(on, kind, value, [...path, kind], mistakes);
  }
  const problem = `${quote(kind)} is no test${on.fact === "client" ? " of client" : didYouMean(kind, TESTS)}`;
  mistakes.push({ path: [...path, kind], problem, expected: matcherExpected(on), at: "key" });
  return undefined;
}

function readIn(on: FactName, raw: unknown, path: Path, mistakes: Mistake[]): Matcher | undefined {
  if (!Array.isArray(raw) || raw.length === 0 || raw.length > MOST_VALUES) {
    const problem = Array.isArray(raw) ? `found a list of ${raw.length}` : found(raw, path);
    mistakes.push({ path, problem, expected: `a list of 1 to ${MOST_VALUES} texts` });
    return undefined;
  }
  const values = raw.map((value: unknown, index) => readText(on, value, [...path, index], mistakes));
  return { kind: "in", values: [...new Set(values)] };
}

/** Always gives a text back, so that the rest of a list is read too; what was wrong is in `mistakes`. */
function readText(on: FactName, raw: unknown, path: Path, mistakes: Mistake[]): string {
  if (typeof raw === "string") return readValue(on, raw, path, mistakes);
  mistakes.push({ path, problem: found(raw, path), expected: "a text" });
  return "";
}

function readTextTest(
  on: FactName,
  kind: (typeof TEXT_TESTS)[number],
  raw: unknown,
  path: Path,
  mistakes: Mistake[],
): Matcher | undefined {
  if (typeof raw !== "string" || raw === "") {
    const problem = raw === "" ? "an empty text matches everything" : `found ${describeValue(raw)}`;
    mistakes.push({ path, problem, expected: "a text that is not empty; true for whatever is present" });
    return undefined;
  }
  const problem = kind === "regex" ? regexProblem(raw) : partProblem(on, kind, raw);
  if (problem !== undefined) mistakes.push({ path, ...problem });
  if (kind === "regex") return { kind, value: raw };
  const part = comparablePart(on, raw);
  return { kind, value: kind === "suffix" ? comparableEnd(on, part) : part };
}

/** A part of a value, in the spelling in which facts are compared. */
function comparablePart({ fact }: FactName, part: string): string {
  if (fact === "host") return part.toLowerCase();
  return fact === "path" ? normalisePath(part) : part;
}

/** A host is one with and without the dot of the root at its end. */
function comparableEnd({ fact }: FactName, text: string): string {
  return fact === "host" && text.length > 1 && text.endsWith(".") ? text.slice(0, -1) : text;
}

/** What is wrong at a place that the caller knows. */
type Problem = Pick<Mistake, "problem" | "expected">;

/** RE2 answers in time linear in its input whatever the expression, which is why its syntax is the one accepted. */
function regexProblem(source: string): Problem | undefined {
  const expected = "an expression in RE2 syntax, which has no look-around and no back-references";
  if (source.length > LONGEST_REGEX) {
    return {
      problem: `${source.length} characters are too long`,
      expected: `at most ${LONGEST_REGEX} characters`,
    };
  }
  try {
    RE2JS.compile(source);
    return undefined;
  } catch (error) {
    return { problem: `the expression ${quote(source)} cannot be used: ${syntaxError(error)}`, expected };
  }
}

function syntaxError(error: unknown): string {
  const { error: what, input } = error as { readonly error?: unknown; readonly input?: unknown };
  if (typeof what === "string" && typeof input === "string") return `${what} at ${quote(input)}`;
  return error instanceof Error ? error.message : String(error);
}

/** A whole value, in the form in which facts have it. */
function readValue(on: FactName, value: string, path: Path, mistakes: Mistake[]): string {
  const problem = valueProblem(on, value);
  if (problem !== undefined) mistakes.push({ path, ...problem });
  if (on.fact === "path") return pathForMatching(value);
  if (on.fact === "client") return canonicalBlock(value) ?? value;
  return comparableEnd(on, comparablePart(on, value));
}

/** A value that no request can have makes a rule that never matches, and a user who wonders why. */
function valueProblem({ fact }: FactName, value: string): Problem | undefined {
  switch (fact) {
    case "client":
      if (canonicalBlock(value) !== undefined) return undefined;
      return {
        problem: `found ${quote(value)}`,
        expected: 'an address or a CIDR block, as in "10.1.0.0/16"',
      };
    case "method":
      return methodProblem(value);
    case "host":
      if (value !== "" && !PORT_AT_END.test(value)) return undefined;
      return { problem: `no request has the host ${quote(value)}`, expected: "a host without port" };
    case "path":
      if ((value.startsWith("/") || value === "*") && !value.includes("?")) return undefined;
      return {
        problem: `no request has the path ${quote(value)}`,
        expected: 'a path from its "/" on, without query',
      };
    default:
      return undefined;
  }
}

/** Any token is a method, with case: `get` is one of its own, that nobody means. */
function methodProblem(value: string): Problem | undefined {
  const upper = value.toUpperCase();
  if (isToken(value) && (value === upper || !isRegistered(upper))) return undefined;
  const problem = `no request has the method ${quote(value)}`;
  return { problem, expected: isToken(value) ? `upper case: ${quote(upper)}` : 'a token, as in "GET"' };
}

/** `name:80` and `[::1]:80`, but not `[::1]`. */
const PORT_AT_END = /^[^:]*:\d*$|\]:\d*$/;

function partProblem({ fact }: FactName, kind: string, part: string): Problem | undefined {
  if (fact === "path" && part.includes("?")) {
    return { problem: `no path contains "?", as ${quote(part)} does`, expected: "a path without query" };
  }
  if (fact === "path" && kind === "prefix" && !part.startsWith("/")) {
    return { problem: `no path begins with ${quote(part)}`, expected: 'a text that begins with "/"' };
  }
  return undefined;
}

/** All of them, if none is missing; one stands for itself. */
function together(parts: readonly (Condition | undefined)[]): Condition | undefined {
  const of = complete(parts);
  if (of === undefined) return undefined;
  return of.length === 1 ? of[0] : { kind: "all", of };
}

function complete<T>(parts: readonly (T | undefined)[]): T[] | undefined {
  const there = parts.filter((part) => part !== undefined);
  return there.length === parts.length ? there : undefined;
}

function negation(condition: Condition | undefined): Condition | undefined {
  return condition && { kind: "not", of: condition };
}

function includes<const Name extends string>(names: readonly Name[], key: string): key is Name {
  return names.includes(key as Name);
}

/** Where a condition that was read without a mistake asks for the user. */
export function userTests(raw: unknown, path: Path): Path[] {
  if (!isObject(raw)) return [];
  return Object.entries(raw).flatMap(([key, value]) => {
    const place = [...path, key];
    if (key === "user") return value === undefined ? [] : [place];
    if (key === "not") return userTests(value, place);
    const nested = (key === "all" || key === "any") && Array.isArray(value) ? value : [];
    return nested.flatMap((each, index) => userTests(each, [...place, index]));
  });
}
