import {
  type BodyField,
  type CompiledRules,
  type Condition,
  ContentFacts,
  compileRules,
  FIXED,
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

/** Content that was judged; nobody asked for it; there was too much of it; it is not kept, so that nothing is known. */
export type ReadableContent = Buffer | "unread" | "unknown" | "not kept";

export interface ReadableRequest {
  readonly head: Uint8Array;
  /** Its peer was trusted. */
  readonly trusted: boolean;
  /** The address that rules see. */
  readonly client: string;
  readonly user: string | undefined;
  readonly content: ReadableContent;
}

/** Reads remembered heads once more, for what the rules of a snapshot look at. Cold: only who asks for it pays. */
export class FactReader {
  readonly snapshot: Snapshot;
  readonly #reads: CompiledRules["reads"];
  readonly #compared: ReadonlySet<string>;
  readonly #head: RequestHead;
  readonly #facts: HeadFacts;
  readonly #content: ContentFacts;

  constructor(snapshot: Snapshot) {
    const { rules, defaultClass } = snapshot.config;
    this.snapshot = snapshot;
    this.#reads = compileRules(rules, defaultClass).reads;
    this.#compared = comparedFacts(rules);
    const { names, head } = newHeadReader(snapshot.config, this.#reads);
    this.#head = head;
    this.#content = new ContentFacts(this.#reads.bodies);
    this.#facts = new HeadFacts(head, names, this.#content);
  }

  /** Name to values; nothing when the head was not kept, or was refused. */
  read({ head, trusted, client, user, content }: ReadableRequest): Record<string, readonly string[]> {
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
    if (content !== "not kept") Object.assign(read, this.#readContent(content));
    return read;
  }

  #readContent(octets: Exclude<ReadableContent, "not kept">): Record<string, readonly string[]> {
    const content = this.#content;
    content.begin(this.#head, this.#facts, this.snapshot.config.limits.classifyBodyBytes);
    if (octets === "unknown") content.giveUp();
    else if (octets !== "unread") content.read(octets);
    const read = this.#reads.bodies.map((name) => {
      const fact = `body.${name}`;
      return [fact, shown(content.field(name), this.#compared.has(fact))] as const;
    });
    return Object.fromEntries(read);
  }
}

/** Bodies may be long, and secret: of what rules compare the beginning is shown, of anything else that it is there. */
function shown({ state, values }: BodyField, compared: boolean): readonly string[] {
  if (state === "absent") return values;
  if (state !== "present") return [`(${state})`];
  if (!compared || values.length === 0) return [PRESENT];
  return values
    .slice(0, FIXED.shownValues)
    .map((value) =>
      value.length > FIXED.shownCharacters ? `${value.slice(0, FIXED.shownCharacters)}…` : value,
    );
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
