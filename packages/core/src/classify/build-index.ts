import type { CompiledCondition } from "./condition.ts";
import { type Choice, choose, count, type Key, type Necessity, necessityOf, type Tally } from "./keys.ts";
import { type KeyPosting, RuleIndex, RuleList } from "./rule-index.ts";
import type { Narrowing } from "./text-index.ts";

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
  readonly necessity: Necessity | undefined;
}

interface Chosen {
  readonly rule: number;
  readonly choice: Choice | undefined;
}

/**
 * Posts each rule under its rarest necessary keys. Where many rules share a key, such as the only host of a site,
 * an index over their other keys lies below it.
 */
export function buildIndex(conditions: readonly CompiledCondition[]): Narrowing {
  const entries = conditions.map((condition, rule) => ({ rule, necessity: necessityOf(condition) }));
  return new Builder(conditions).outermost(entries);
}

class Builder {
  readonly #conditions: readonly CompiledCondition[];

  constructor(conditions: readonly CompiledCondition[]) {
    this.#conditions = conditions;
  }

  outermost(entries: readonly Entry[]): Narrowing {
    const none = new Set<string>();
    return this.#index(entries, chooseAll(entries, none), none);
  }

  #inside(entries: readonly Entry[], used: ReadonlySet<string>): Narrowing {
    if (entries.length > SHORT_LIST && used.size < DEEPEST) {
      const chosen = chooseAll(entries, used);
      const copies = chosen.reduce((sum, { choice }) => sum + (choice?.keys.length ?? 0), 0);
      const isUseful = chosen.some(({ choice }) => choice !== undefined);
      if (isUseful && copies <= COPIES_INSIDE * entries.length) return this.#index(entries, chosen, used);
    }
    return this.#list(entries.map(({ rule }) => rule));
  }

  #index(entries: readonly Entry[], chosen: readonly Chosen[], used: ReadonlySet<string>): Narrowing {
    const groups = groupByKey(entries, chosen);
    const postings: KeyPosting[] = [];
    for (const { key, members } of groups) {
      postings.push({ key, rules: this.#inside(members, new Set(used).add(key.id)) });
    }
    const rest = chosen.filter(({ choice }) => choice === undefined).map(({ rule }) => rule);
    return new RuleIndex(postings, this.#list(rest));
  }

  #list(rules: readonly number[]): RuleList {
    return new RuleList(rules, this.#conditions);
  }
}

function chooseAll(entries: readonly Entry[], used: ReadonlySet<string>): Chosen[] {
  const tally: Tally = new Map();
  for (const { necessity } of entries) if (necessity !== undefined) count(necessity, tally);
  return entries.map(({ rule, necessity }) => ({
    rule,
    choice: necessity === undefined ? undefined : choose(necessity, tally, used),
  }));
}

interface Group {
  readonly key: Key;
  readonly members: Entry[];
}

/** Members stay in the order of the rules. `chosen` runs beside `entries`. */
function groupByKey(entries: readonly Entry[], chosen: readonly Chosen[]): Iterable<Group> {
  const groups = new Map<string, Group>();
  for (const [index, entry] of entries.entries()) {
    for (const key of chosen[index]?.choice?.keys ?? []) {
      const group = groups.get(key.id);
      if (group === undefined) groups.set(key.id, { key, members: [entry] });
      // a rule may name the same key twice
      else if (group.members.at(-1) !== entry) group.members.push(entry);
    }
  }
  return groups.values();
}
