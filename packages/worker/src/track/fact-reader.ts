import {
  type CompiledRules,
  type Condition,
  compileRules,
  HEAD,
  HeadFacts,
  newHeadReader,
  parseAddress,
  type RequestHead,
  type ResolvedRule,
  type Snapshot,
} from "@shunt/core";

/** Fields whose values are nobody else's business. */
const SECRET = new Set(["authorization", "proxy-authorization", "cookie"]);
/** What stands for a value that no rule compares. */
const PRESENT = "(present)";
const PRESENCE = new Set(["present", "absent"]);

/** Reads remembered heads once more, for what the rules of a snapshot look at. Cold: only who asks for it pays. */
export class FactReader {
  readonly snapshot: Snapshot;
  readonly #reads: CompiledRules["reads"];
  readonly #compared: ReadonlySet<string>;
  readonly #head: RequestHead;
  readonly #facts: HeadFacts;

  constructor(snapshot: Snapshot) {
    const { rules, defaultClass } = snapshot.config;
    this.snapshot = snapshot;
    this.#reads = compileRules(rules, defaultClass).reads;
    this.#compared = comparedFacts(rules);
    const { names, head } = newHeadReader(snapshot.config, this.#reads);
    this.#head = head;
    this.#facts = new HeadFacts(head, names);
  }

  /**
   * Name to values; nothing when the head was not kept, or was refused. `trusted`: its peer was. `client`: the address
   * that rules see.
   */
  read(
    head: Uint8Array,
    trusted: boolean,
    client: string,
    user: string | undefined,
  ): Record<string, readonly string[]> {
    const address = parseAddress(client);
    if (head.length === 0 || address === undefined) return {};
    this.#head.load(head, 0, head.length);
    if (this.#head.judge(0, head.length, trusted) !== HEAD.COMPLETE) return {};
    const facts = this.#facts.of(address, user);
    const read: Record<string, readonly string[]> = {};
    const note = (fact: string, values: readonly string[]): void => {
      read[fact] = this.#compared.has(fact) ? values : values.map(() => PRESENT);
    };
    const { headers, cookies, queries, path, host } = this.#reads;
    for (const name of headers) if (!SECRET.has(name)) note(`header.${name}`, facts.header(name));
    for (const name of cookies) note(`cookie.${name}`, facts.cookie(name));
    for (const name of queries) note(`query.${name}`, facts.query(name));
    if (path) read.path = [facts.path];
    if (host) read.host = [facts.host];
    return read;
  }
}

/** Facts whose values rules compare. Of one that is only asked for its presence the value, a session say, is not shown. */
function comparedFacts(rules: readonly ResolvedRule[]): Set<string> {
  const compared = new Set<string>();
  const look = (condition: Condition): void => {
    if (condition.kind === "not") look(condition.of);
    else if (condition.kind !== "test") condition.of.forEach(look);
    else if ("name" in condition.on && !PRESENCE.has(condition.matcher.kind))
      compared.add(`${condition.on.fact}.${condition.on.name}`);
  };
  for (const { when } of rules) look(when);
  return compared;
}
