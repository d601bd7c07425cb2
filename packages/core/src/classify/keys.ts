import { type Cidr, cidrText } from "./address.ts";
import type { CompiledCondition, NamedFact, ScalarName, Test } from "./condition.ts";
import { necessaryTexts } from "./expression.ts";

/** What the index looks at: a fact, or all values under one name. */
export type KeySubject = { readonly fact: ScalarName } | { readonly fact: NamedFact; readonly name: string };

export type KeyKind = "equal" | "prefix" | "suffix" | "contains" | "present" | "block";

/** One thing that an index can find out about a request without trying rules, such as "its host is a.example". */
export interface Key {
  readonly kind: KeyKind;
  readonly on: KeySubject;
  /** Text that the value equals, begins with and so on; of a block, how it is written; of presence, "". */
  readonly value: string;
  readonly cidr: Cidr | undefined;
  /** The test that holds whenever the key is met. */
  readonly settles: Test | undefined;
  /** Tells keys apart. */
  readonly id: string;
}

/**
 * What must be true of a request for a condition to hold: one of `keys`; or one of the parts, whichever is chosen
 * ("one-of": each part is necessary); or something in each part ("each-of": the parts are alternatives).
 */
export type Necessity =
  | { readonly kind: "keys"; readonly keys: readonly Key[] }
  | { readonly kind: "one-of" | "each-of"; readonly parts: readonly Necessity[] };

/** Keys under which a rule can be posted: a request that meets none of them cannot match it. */
export interface Choice {
  readonly keys: readonly Key[];
  /** How many rules share the most crowded of the keys, weighted by how readily requests meet such a key. */
  readonly cost: number;
}

/** How many rules mention a key, by its id. */
export type Tally = Map<string, number>;

/**
 * A key that one rule mentions may still be met by every request, and presence is, sooner than equality. The weights
 * only rank kinds of key; a factor of two either way changes little, as the number of rules under a key dominates.
 */
const WEIGHT = {
  equal: 1,
  block: 2,
  prefix: 2,
  suffix: 2,
  contains: 4,
  present: 16,
} as const satisfies Record<KeyKind, number>;

/** Undefined: the condition can hold without any key, so its rule has to be tried always. */
export function necessityOf(condition: CompiledCondition): Necessity | undefined {
  switch (condition.kind) {
    case "all":
      return oneOf(condition.of.map(necessityOf));
    case "any":
      return eachOf(condition.of.map(necessityOf));
    case "not":
      return necessityOfOpposite(condition.of);
    case "test":
      return necessityOfTest(condition);
  }
}

/** "Not absent" is presence; what else does not hold says nothing that could be looked up. */
function necessityOfOpposite(condition: CompiledCondition): Necessity | undefined {
  if (condition.kind === "not") return necessityOf(condition.of);
  if (condition.kind === "test" && condition.matcher.kind === "absent") return presence(condition);
  return undefined;
}

function necessityOfTest(test: Test): Necessity | undefined {
  const keyOf = (kind: KeyKind, value: string): Key => newKey(kind, test.on, value, undefined, test);
  if ("cidrs" in test) return { kind: "keys", keys: test.cidrs.map((cidr) => blockKey(cidr, test)) };
  switch (test.matcher.kind) {
    case "absent":
      return undefined;
    case "present":
      return presence(test, test);
    case "in":
      return { kind: "keys", keys: test.matcher.values.map((value) => keyOf("equal", value)) };
    case "equal":
    case "prefix":
    case "suffix":
      return oneKey(keyOf(test.matcher.kind, test.matcher.value));
    case "contains":
      return oneOf([oneKey(keyOf("contains", test.matcher.value)), presence(test)]);
    case "regex":
      return oneOf([...necessaryTexts(test.matcher.value).map(textKey(test)), presence(test)]);
  }
}

function textKey(test: Test): (text: { kind: KeyKind; value: string }) => Necessity {
  return ({ kind, value }) => oneKey(newKey(kind, test.on, value, undefined, undefined));
}

/** Every request has a method, a path and a client: that they are there tells no rule from another. */
function presence(test: Test, settles?: Test): Necessity | undefined {
  const isAlways = test.on.fact === "method" || test.on.fact === "path" || test.on.fact === "client";
  return isAlways ? undefined : oneKey(newKey("present", test.on, "", undefined, settles));
}

function oneOf(parts: readonly (Necessity | undefined)[]): Necessity | undefined {
  const known = parts.filter((part) => part !== undefined);
  return known.length === 0 ? undefined : { kind: "one-of", parts: known };
}

function eachOf(parts: readonly (Necessity | undefined)[]): Necessity | undefined {
  const known = parts.filter((part) => part !== undefined);
  return known.length < parts.length ? undefined : { kind: "each-of", parts: known };
}

function oneKey(key: Key): Necessity {
  return { kind: "keys", keys: [key] };
}

function blockKey(cidr: Cidr, settles: Test): Key {
  return newKey("block", { fact: "client" }, cidrText(cidr), cidr, settles);
}

function newKey(
  kind: KeyKind,
  on: KeySubject,
  value: string,
  cidr: Cidr | undefined,
  settles: Test | undefined,
): Key {
  if (value === "" && kind !== "equal" && kind !== "present") {
    // An empty text is part of any value; but an object in the content has none, though it is present.
    return newKey("present", on, value, cidr, undefined);
  }
  const subject = subjectId(on);
  return { kind, on, value, cidr, settles, id: `${kind} ${subject.length} ${subject}${value}` };
}

/** Tells what is looked at apart: "path", "cookie.tier". */
export function subjectId(on: KeySubject): string {
  return "name" in on ? `${on.fact}.${on.name}` : on.fact;
}

/** Counts each key of a rule once. */
export function count(necessity: Necessity, tally: Tally): void {
  for (const id of idsOf(necessity, new Set())) tally.set(id, (tally.get(id) ?? 0) + 1);
}

function idsOf(necessity: Necessity, ids: Set<string>): Set<string> {
  if (necessity.kind === "keys") for (const { id } of necessity.keys) ids.add(id);
  else for (const part of necessity.parts) idsOf(part, ids);
  return ids;
}

/**
 * The cheapest keys that are necessary. Undefined when each way leads over a key of `used`, of which it is known
 * already that the request meets it.
 */
export function choose(necessity: Necessity, tally: Tally, used: ReadonlySet<string>): Choice | undefined {
  switch (necessity.kind) {
    case "keys":
      return choiceOf(necessity.keys, tally, used);
    case "one-of":
      return cheapest(necessity.parts.map((part) => choose(part, tally, used)));
    case "each-of":
      return together(necessity.parts.map((part) => choose(part, tally, used)));
  }
}

function choiceOf(keys: readonly Key[], tally: Tally, used: ReadonlySet<string>): Choice | undefined {
  let cost = 0;
  for (const key of keys) {
    if (used.has(key.id)) return undefined;
    cost = Math.max(cost, WEIGHT[key.kind] * (tally.get(key.id) ?? 0));
  }
  return { keys, cost };
}

function cheapest(choices: readonly (Choice | undefined)[]): Choice | undefined {
  let best: Choice | undefined;
  for (const choice of choices) {
    if (choice === undefined) continue;
    const isBetter =
      best === undefined ||
      choice.cost < best.cost ||
      (choice.cost === best.cost && choice.keys.length < best.keys.length);
    if (isBetter) best = choice;
  }
  return best;
}

function together(choices: readonly (Choice | undefined)[]): Choice | undefined {
  const keys: Key[] = [];
  let cost = 0;
  for (const choice of choices) {
    if (choice === undefined) return undefined;
    for (const key of choice.keys) keys.push(key);
    cost = Math.max(cost, choice.cost);
  }
  return { keys, cost };
}
