import {
  type AttemptRecord,
  type Condition,
  compileRules,
  type ExchangeRecord,
  FieldNames,
  HEAD,
  HeadFacts,
  parseAddress,
  RequestHead,
  type ResolvedClass,
  type ResolvedRule,
  type Snapshot,
} from "@shunt/core";
import type { Attempt } from "./attempt.ts";
import type { Exchange } from "./exchange.ts";
import { type Timers, timersOf } from "./timers.ts";

/** Heads above this are remembered without their fields. */
const REMEMBERED_HEAD_BYTES = 4_096;
/** Fields whose values are nobody else's business. */
const SECRET = new Set(["authorization", "proxy-authorization", "cookie"]);
/** What stands for a value that no rule compares. */
const PRESENT = "(present)";
const PRESENCE = new Set(["present", "absent"]);
const NO_HEAD = Buffer.alloc(0);

/** What is kept of a settled exchange: enough to explain its decision, and to decide it again by other rules. */
interface Remembered {
  readonly id: string;
  readonly snapshot: Snapshot;
  readonly head: Buffer;
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly client: string;
  readonly user: string | undefined;
  readonly rule: number;
  readonly class: number;
  readonly attempts: readonly RememberedAttempt[];
  readonly status: number;
  readonly ended: string;
  readonly beganAt: number;
  readonly timers: Timers;
}

/** Of an attempt, without the exchange and the sockets that hang on it. */
type RememberedAttempt = Pick<Attempt, "seed" | "spilled" | "compared" | "failure"> & {
  readonly pool: string;
  readonly server: string;
};

/** The last exchanges of this acceptor, oldest written over first. */
export class Recorder {
  readonly #ring: (Remembered | undefined)[];
  readonly #acceptor: string;
  #written = 0;

  constructor(acceptor: string, size: number) {
    this.#acceptor = acceptor;
    this.#ring = new Array<Remembered | undefined>(size).fill(undefined);
  }

  remember(exchange: Exchange, id: string, now: number): void {
    if (this.#ring.length === 0) return;
    const { received } = exchange;
    this.#ring[this.#written++ % this.#ring.length] = {
      id,
      snapshot: exchange.snapshot,
      // A copy: the octets lie in a chunk that may be many times as large.
      head: received.length <= REMEMBERED_HEAD_BYTES ? Buffer.from(received) : NO_HEAD,
      method: exchange.methodName,
      target: exchange.target,
      authority: exchange.authority,
      client: exchange.forwardedClient ?? exchange.client.address.text,
      user: exchange.user,
      rule: exchange.rule,
      class: exchange.class,
      attempts: exchange.history.map(withoutSockets),
      status: exchange.status,
      ended: exchange.ended,
      beganAt: exchange.beganAt,
      timers: timersOf(exchange, now),
    };
  }

  /** The newest first. */
  recent(limit: number): readonly ExchangeRecord[] {
    const size = Math.min(limit, this.#written, this.#ring.length);
    const records: ExchangeRecord[] = [];
    for (let i = 1; i <= size; i++) {
      const remembered = this.#ring[(this.#written - i) % this.#ring.length];
      if (remembered !== undefined) records.push(this.#record(remembered));
    }
    return records;
  }

  #record(remembered: Remembered): ExchangeRecord {
    const { config, generation } = remembered.snapshot;
    return {
      id: remembered.id,
      acceptor: this.#acceptor,
      startedAt: Math.round(performance.timeOrigin + remembered.beganAt),
      client: remembered.client,
      method: remembered.method,
      target: remembered.target,
      host: remembered.authority,
      user: remembered.user,
      class: config.classes[remembered.class]?.name ?? "",
      rule: config.rules[remembered.rule]?.name,
      facts: factsRead(remembered),
      generation,
      attempts: remembered.attempts.map((attempt) => attemptRecord(attempt, remembered)),
      status: remembered.status,
      ended: remembered.ended,
      timers: { ...remembered.timers },
    };
  }
}

function withoutSockets({ backend, seed, spilled, compared, failure }: Attempt): RememberedAttempt {
  return { pool: backend.pool, server: backend.name, seed, spilled, compared, failure };
}

function attemptRecord(attempt: RememberedAttempt, { snapshot, class: cls }: Remembered): AttemptRecord {
  const { pool, spill } = snapshot.config.classes[cls] as ResolvedClass;
  const servers = snapshot.config.pools[attempt.spilled ? spill : pool]?.servers ?? [];
  const compared: { server: string; score: number }[] = [];
  for (let i = 0; i < attempt.compared.length; i += 2) {
    const server = servers[attempt.compared[i] as number]?.name ?? "?";
    compared.push({ server, score: attempt.compared[i + 1] as number });
  }
  return {
    pool: attempt.pool,
    server: attempt.server,
    seed: attempt.seed,
    spilled: attempt.spilled,
    compared,
    failure: attempt.failure,
  };
}

/** Reads the remembered head once more, for what the rules look at. Cold: only who asks for it pays. */
function factsRead({ snapshot, head, client, user }: Remembered): Record<string, readonly string[]> {
  const { config } = snapshot;
  const { reads } = compileRules(config.rules, config.defaultClass);
  const names = new FieldNames(reads.headers);
  const parsed = new RequestHead(names, config.limits);
  parsed.load(head, 0, head.length);
  const address = parseAddress(client);
  if (head.length === 0 || address === undefined || parsed.judge(0, head.length, true) !== HEAD.COMPLETE)
    return {};
  const facts = new HeadFacts(parsed, names).of(address, user);
  const compared = comparedFacts(config.rules);
  const read: Record<string, readonly string[]> = {};
  const note = (fact: string, values: readonly string[]): void => {
    read[fact] = compared.has(fact) ? values : values.map(() => PRESENT);
  };
  for (const name of reads.headers) if (!SECRET.has(name)) note(`header.${name}`, facts.header(name));
  for (const name of reads.cookies) note(`cookie.${name}`, facts.cookie(name));
  for (const name of reads.queries) note(`query.${name}`, facts.query(name));
  if (reads.path) read.path = [facts.path];
  if (reads.host) read.host = [facts.host];
  return read;
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
