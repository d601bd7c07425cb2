import type { CompiledCondition } from "./condition.ts";
import type { Found, Narrowing } from "./found.ts";
import { type Choice, choose, count, type Key, type Necessity, necessityOf, type Tally } from "./keys.ts";
import { remainder } from "./remainder.ts";
import { indexOver, innerIndexOver, type KeyPosting, RuleList } from "./rule-index.ts";
import type { Memory } from "./text-table.ts";

/** A group of this many rules under one key is tried one by one: an index over them would not be faster. */
const SHORT_LIST = 8;
/** How deep indexes lie in one another. Three keys (host, path, cookie, say) divide what people write. */
const DEEPEST = 3;
/**
 * A rule with many alternatives stands in an index many times. An index inside an index may hold each rule so many
 * times on average, else it is not made: the sizes multiply, and the outermost alone is bounded by the configuration.
 */
const COPIES_INSIDE = 2;

interface Entry {
  readonly rule: number;
  /** What is left to be tested, now that the keys above are met; undefined: nothing. */
  readonly left: CompiledCondition | undefined;
  readonly necessity: Necessity | undefined;
}

/**
 * Posts each rule under its rarest necessary keys. Where many rules share a key, such as the only host of a site,
 * an index over their other keys lies below it. What a key has told is not tested again.
 */
export function buildIndex(conditions: readonly CompiledCondition[]): Narrowing {
  const none = new Set<string>();
  const entries = conditions.map((left, rule) => ({ rule, left, necessity: necessityOf(left) }));
  const chosen = chooseAll(entries, none);
  const memory: Memory = [];
  return indexOver(postingsOf(entries, chosen, none, memory), restOf(entries, chosen), memory);
}

function postingsOf(
  entries: readonly Entry[],
  chosen: readonly (Choice | undefined)[],
  used: ReadonlySet<string>,
  memory: Memory,
): KeyPosting[] {
  const postings: KeyPosting[] = [];
  for (const { key, members } of groupByKey(entries, chosen)) {
    postings.push({ key, rules: inside(members, key, used, memory) });
  }
  return postings;
}

function restOf(entries: readonly Entry[], chosen: readonly (Choice | undefined)[]): RuleList {
  return listOf(entries.filter((_, at) => chosen[at] === undefined));
}

function inside(members: readonly Entry[], key: Key, usedAbove: ReadonlySet<string>, memory: Memory): Found {
  const entries = reachable(members);
  const [lowest] = entries;
  if (lowest !== undefined && lowest.left === undefined) return lowest.rule;
  if (entries.length > SHORT_LIST && usedAbove.size + 1 < DEEPEST) {
    const used = new Set(usedAbove).add(key.id);
    const chosen = chooseAll(entries, used);
    const copies = chosen.reduce((sum, choice) => sum + (choice?.keys.length ?? 0), 0);
    const isUseful = chosen.some((choice) => choice !== undefined);
    if (isUseful && copies <= COPIES_INSIDE * entries.length) {
      return innerIndexOver(postingsOf(entries, chosen, used, memory), restOf(entries, chosen), memory);
    }
  }
  return listOf(entries);
}

/** Behind a rule of which nothing is left, no other has its turn. */
function reachable(entries: readonly Entry[]): readonly Entry[] {
  const last = entries.findIndex(({ left }) => left === undefined);
  return last < 0 ? entries : entries.slice(0, last + 1);
}

function listOf(entries: readonly Entry[]): RuleList {
  return new RuleList(
    entries.map(({ rule }) => rule),
    entries.map(({ left }) => left),
  );
}

function chooseAll(entries: readonly Entry[], used: ReadonlySet<string>): (Choice | undefined)[] {
  const tally: Tally = new Map();
  for (const { necessity } of entries) if (necessity !== undefined) count(necessity, tally);
  return entries.map(({ left, necessity }) =>
    left === undefined || necessity === undefined ? undefined : choose(necessity, tally, used),
  );
}

interface Group {
  readonly key: Key;
  readonly members: Entry[];
}

/** Members stay in the order of the rules. `chosen` runs beside `entries`. */
function groupByKey(entries: readonly Entry[], chosen: readonly (Choice | undefined)[]): Iterable<Group> {
  const groups = new Map<string, Group>();
  for (const [at, { rule, left, necessity }] of entries.entries()) {
    for (const key of chosen[at]?.keys ?? []) {
      const member = { rule, left: left && remainder(left, key), necessity };
      const group = groups.get(key.id);
      if (group === undefined) groups.set(key.id, { key, members: [member] });
      // a rule may name the same key twice
      else if (group.members.at(-1)?.rule !== rule) group.members.push(member);
    }
  }
  return groups.values();
}
