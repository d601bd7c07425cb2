import { CidrMap } from "./cidr-map.ts";
import {
  type CompiledCondition,
  fieldValues,
  type NamedFact,
  type ScalarName,
  scalarValue,
} from "./condition.ts";
import type { Facts } from "./facts.ts";
import type { Found, Narrowing } from "./found.ts";
import { mixed } from "./hash.ts";
import { InnerTextIndex } from "./inner-text-index.ts";
import { type Key, type KeyKind, subjectId } from "./keys.ts";
import { Sieve } from "./sieve.ts";
import {
  firstOf,
  isWhere,
  LaidOutIndex,
  layOut,
  lowestFirst,
  narrowBy,
  type Posting,
  type TextIndex,
  WHERE,
} from "./text-index.ts";
import type { Memory } from "./text-table.ts";

/** What is to be tried when a request meets a key. */
export interface KeyPosting {
  readonly key: Key;
  readonly rules: Found;
}

/** What is left to be tested of rules, one after the other. */
export class RuleList implements Narrowing {
  readonly first: number;
  /** Ascending. */
  readonly #rules: readonly number[];
  readonly #conditions: readonly (CompiledCondition | undefined)[];

  /** `conditions` runs beside `rules`; undefined where nothing is left. */
  constructor(rules: readonly number[], conditions: readonly (CompiledCondition | undefined)[]) {
    this.#rules = rules;
    this.#conditions = conditions;
    this.first = rules[0] ?? Number.POSITIVE_INFINITY;
  }

  narrow(facts: Facts, best: number): number {
    for (let at = 0; at < this.#rules.length; at++) {
      const rule = this.#rules[at] as number;
      if (rule >= best) return best;
      const condition = this.#conditions[at];
      if (condition === undefined || condition.holds(facts)) return rule;
    }
    return best;
  }
}

/**
 * Finds the rules that a request may match by what the request carries, and tries only those. What it costs depends
 * on the request and on how many rules share a key, not on how many rules there are.
 */
export class RuleIndex implements Narrowing {
  readonly first: number;
  readonly #probes: readonly Narrowing[];

  constructor(probes: readonly Narrowing[]) {
    this.#probes = probes;
    this.first = probes.reduce((lowest, { first }) => Math.min(lowest, first), Number.POSITIVE_INFINITY);
  }

  narrow(facts: Facts, best: number): number {
    let lowest = best;
    for (const probe of this.#probes) if (probe.first < lowest) lowest = probe.narrow(facts, lowest);
    return lowest;
  }
}

/** `rest` has no key and is tried always, but last: by then a lower match has often made that needless. */
export function indexOver(postings: readonly KeyPosting[], rest: RuleList, memory: Memory): Narrowing {
  const parts = probesOf(postings, memory);
  if (rest.first < Number.POSITIVE_INFINITY) parts.push(rest);
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : new RuleIndex(parts);
}

/** The same inside another index, of which there are many: where one fact is looked at for texts alone, without an object. */
export function innerIndexOver(postings: readonly KeyPosting[], rest: RuleList, memory: Memory): Found {
  const [some] = postings;
  if (some === undefined || rest.first < Number.POSITIVE_INFINITY) return indexOver(postings, rest, memory);
  const { kind, on } = some.key;
  const isAlone =
    !("name" in on) &&
    isWhere(kind) &&
    postings.every(({ key }) => key.kind === kind && key.on.fact === on.fact);
  return isAlone
    ? ~layOut(memory, on.fact, kind, textsOf(postings, kind))
    : indexOver(postings, rest, memory);
}

/** One probe for each fact that has one value, each kind of field that has names, and the client's blocks. */
function probesOf(postings: readonly KeyPosting[], memory: Memory): Narrowing[] {
  const bySubject = Map.groupBy(postings, ({ key }) => (key.kind === "block" ? "block" : key.on.fact));
  const probes: Narrowing[] = [];
  for (const [subject, group] of bySubject) {
    if (subject === "block") probes.push(new ClientProbe(group, memory));
    else if (subject === "body") probes.push(new BodyProbe(group, memory));
    else if (subject === "query" || subject === "header" || subject === "cookie") {
      probes.push(new FieldProbe(subject, group, memory));
    } else probes.push(new ScalarProbe(subject, group, memory));
  }
  return probes;
}

/** Looks at a fact that has one value or none. */
class ScalarProbe implements Narrowing {
  readonly first: number;
  readonly #memory: Memory;
  readonly #fact: ScalarName;
  readonly #present: Found | undefined;
  readonly #texts: TextIndex | undefined;

  constructor(fact: ScalarName, postings: readonly KeyPosting[], memory: Memory) {
    this.first = lowestFirst(
      memory,
      postings.map(({ rules }) => rules),
    );
    this.#memory = memory;
    this.#fact = fact;
    this.#present = presentOf(postings);
    this.#texts = textsOver(postings, memory);
  }

  narrow(facts: Facts, best: number): number {
    const value = scalarValue(facts, this.#fact);
    if (value === undefined) return best;
    const lowest = this.#present === undefined ? best : narrowBy(this.#memory, this.#present, facts, best);
    return this.#texts === undefined ? lowest : this.#texts.narrow(value, facts, lowest);
  }
}

/** Up to so many names are asked for one by one; beyond, it is cheaper to go through the names of the request. */
const NAMES_ASKED_ONE_BY_ONE = 8;

/** Looks at all cookies, headers or parameters that rules have as a key. */
class FieldProbe implements Narrowing {
  readonly first: number;
  readonly #fact: NamedFact;
  readonly #byName = new Map<string, NameIndex>();
  /** All of them, when they are few; else none. */
  readonly #few: readonly NameIndex[];
  readonly #sieve: Sieve;

  constructor(fact: NamedFact, postings: readonly KeyPosting[], memory: Memory) {
    this.first = lowestFirst(
      memory,
      postings.map(({ rules }) => rules),
    );
    this.#fact = fact;
    for (const [name, group] of Map.groupBy(postings, ({ key }) => nameOf(key))) {
      this.#byName.set(name, new NameIndex(fact, name, group, memory));
    }
    this.#sieve = new Sieve([...this.#byName.keys()].map(nameHash));
    this.#few = this.#byName.size <= NAMES_ASKED_ONE_BY_ONE ? [...this.#byName.values()] : [];
  }

  narrow(facts: Facts, best: number): number {
    let lowest = best;
    if (this.#few.length > 0) {
      for (const index of this.#few) if (index.first < lowest) lowest = index.narrow(facts, lowest);
      return lowest;
    }
    for (const name of facts.names(this.#fact)) {
      if (!this.#sieve.letsThrough(nameHash(name))) continue;
      const index = this.#byName.get(name);
      if (index !== undefined && index.first < lowest) lowest = index.narrow(facts, lowest);
    }
    return lowest;
  }
}

/** Looks at the values under one name. */
class NameIndex implements Narrowing {
  readonly first: number;
  readonly #memory: Memory;
  readonly #fact: NamedFact;
  readonly #name: string;
  readonly #present: Found | undefined;
  readonly #texts: TextIndex | undefined;

  constructor(fact: NamedFact, name: string, postings: readonly KeyPosting[], memory: Memory) {
    this.first = lowestFirst(
      memory,
      postings.map(({ rules }) => rules),
    );
    this.#memory = memory;
    this.#fact = fact;
    this.#name = name;
    this.#present = presentOf(postings);
    this.#texts = textsOver(postings, memory);
  }

  narrow(facts: Facts, best: number): number {
    const values = valuesIfPresent(facts, this.#fact, this.#name);
    if (values === undefined) return best;
    let lowest = this.#present === undefined ? best : narrowBy(this.#memory, this.#present, facts, best);
    if (this.#texts !== undefined)
      for (const value of values) lowest = this.#texts.narrow(value, facts, lowest);
    return lowest;
  }
}

/** Undefined: there is no such field. An object in the content is there, and has no value. */
function valuesIfPresent(facts: Facts, fact: NamedFact, name: string): readonly string[] | undefined {
  if (fact === "body") {
    const { state, values } = facts.body(name);
    return state === "present" ? values : undefined;
  }
  const values = fieldValues(facts, fact, name);
  return values.length === 0 ? undefined : values;
}

/** Looks at fields of the content. While that is unread, every rule under a key may match, and has to be tried. */
class BodyProbe implements Narrowing {
  readonly first: number;
  readonly #memory: Memory;
  readonly #fields: FieldProbe;
  /** By the lowest rule of each. */
  readonly #all: readonly Found[];

  constructor(postings: readonly KeyPosting[], memory: Memory) {
    this.#memory = memory;
    this.#fields = new FieldProbe("body", postings, memory);
    const all = postings.map(({ rules }) => rules);
    this.#all = all.sort((a, b) => firstOf(memory, a) - firstOf(memory, b));
    this.first = this.#fields.first;
  }

  narrow(facts: Facts, best: number): number {
    if (!facts.contentUnread) return this.#fields.narrow(facts, best);
    let lowest = best;
    for (const rules of this.#all) {
      if (firstOf(this.#memory, rules) >= lowest) break;
      lowest = narrowBy(this.#memory, rules, facts, lowest);
    }
    return lowest;
  }
}

/** Of what is soonest known of a name: most of those that a request has are in no rule. */
function nameHash(name: string): number {
  return mixed(name.length, name.charCodeAt(0));
}

function nameOf({ on }: Key): string {
  return "name" in on ? on.name : subjectId(on);
}

/** Looks at the blocks in which the client's address lies. */
class ClientProbe implements Narrowing {
  readonly first: number;
  readonly #memory: Memory;
  readonly #blocks = new CidrMap<Found>();

  constructor(postings: readonly KeyPosting[], memory: Memory) {
    this.#memory = memory;
    for (const { key, rules } of postings) if (key.cidr !== undefined) this.#blocks.set(key.cidr, rules);
    this.first = lowestFirst(
      memory,
      postings.map(({ rules }) => rules),
    );
  }

  narrow(facts: Facts, best: number): number {
    let lowest = best;
    for (const level of this.#blocks.levels(facts.client.family)) {
      const found = level.find(facts.client);
      if (found !== undefined) lowest = narrowBy(this.#memory, found, facts, lowest);
    }
    return lowest;
  }
}

/** What is to be tried when there is a value at all. */
function presentOf(postings: readonly KeyPosting[]): Found | undefined {
  return postings.find(({ key }) => key.kind === "present")?.rules;
}

/** What can be known of one value: what it equals, begins with, ends with, has in it. */
function textsOver(postings: readonly KeyPosting[], memory: Memory): TextIndex | undefined {
  const parts: TextIndex[] = [];
  for (const where of WHERE) {
    const texts = textsOf(postings, where);
    if (texts.length > 0) parts.push(new LaidOutIndex(memory, layOut(memory, undefined, where, texts)));
  }
  const inner = textsOf(postings, "contains");
  if (inner.length > 0) parts.push(new InnerTextIndex(inner, memory));
  return parts.length > 1 ? new TextIndexes(parts) : parts[0];
}

/** Several indexes over the texts of one value. */
class TextIndexes implements TextIndex {
  readonly first: number;
  readonly #parts: readonly TextIndex[];

  constructor(parts: readonly TextIndex[]) {
    this.first = parts.reduce((lowest, part) => Math.min(lowest, part.first), Number.POSITIVE_INFINITY);
    this.#parts = parts;
  }

  narrow(value: string, facts: Facts, best: number): number {
    let lowest = best;
    for (const part of this.#parts) if (part.first < lowest) lowest = part.narrow(value, facts, lowest);
    return lowest;
  }
}

function textsOf(postings: readonly KeyPosting[], kind: KeyKind): Posting[] {
  return postings
    .filter(({ key }) => key.kind === kind)
    .map(({ key, rules }) => ({ text: key.value, rules }));
}
