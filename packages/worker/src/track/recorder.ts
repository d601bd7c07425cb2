import {
  type AttemptRecord,
  type ExchangeRecord,
  FIXED,
  HEAD_FLAG,
  type ResolvedClass,
  type Snapshot,
} from "@shunt/core";
import type { Attempt } from "./attempt.ts";
import type { Exchange } from "./exchange.ts";
import { FactReader, type ReadableContent, type ReadableRequest } from "./fact-reader.ts";
import { type Timers, timersOf } from "./timers.ts";

const NO_HEAD = Buffer.alloc(0);
const NONE: readonly RememberedAttempt[] = Object.freeze([]);

/** What is kept of a settled exchange: enough to explain its decision, and to decide it again by other rules. */
interface Remembered extends ReadableRequest {
  readonly id: string;
  readonly snapshot: Snapshot;
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly rule: number;
  readonly class: number;
  /** The last one, and those before it: mostly there are none. */
  readonly attempt: RememberedAttempt | undefined;
  readonly earlier: readonly RememberedAttempt[];
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
  #ring: (Remembered | undefined)[];
  readonly #acceptor: string;
  #written = 0;
  /** Of the snapshot that was asked for last; making one compiles its rules. */
  #facts: FactReader | undefined;

  constructor(acceptor: string, size: number) {
    this.#acceptor = acceptor;
    this.#ring = new Array<Remembered | undefined>(size).fill(undefined);
  }

  /** Remembers so many from now on; of those that it has, the last ones. */
  resize(size: number): void {
    if (size === this.#ring.length) return;
    const kept = this.#newest(size).reverse();
    this.#written = kept.length;
    this.#ring = [...kept, ...new Array<undefined>(size - kept.length).fill(undefined)];
  }

  remember(exchange: Exchange, id: string, now: number): void {
    if (this.#ring.length === 0) return;
    const { received, history } = exchange;
    const last = history.at(-1);
    this.#ring[this.#written++ % this.#ring.length] = {
      id,
      snapshot: exchange.snapshot,
      // A copy: the octets lie in a chunk that may be many times as large.
      head: received.length <= FIXED.rememberedHeadBytes ? Buffer.from(received) : NO_HEAD,
      method: exchange.methodName,
      target: exchange.target,
      authority: exchange.authority,
      trusted: exchange.client.peer.trusted,
      client: exchange.forwardedClient ?? exchange.client.address.text,
      user: exchange.user,
      content: contentOf(exchange),
      rule: exchange.rule,
      class: exchange.class,
      attempt: last === undefined ? undefined : withoutSockets(last),
      earlier: history.length > 1 ? history.slice(0, -1).map(withoutSockets) : NONE,
      status: exchange.status,
      ended: exchange.ended,
      beganAt: exchange.beganAt,
      timers: timersOf(exchange, now),
    };
  }

  /** The newest first. */
  recent(limit: number): readonly ExchangeRecord[] {
    return this.#newest(limit).map((remembered) => this.#record(remembered));
  }

  #newest(limit: number): Remembered[] {
    const size = Math.min(limit, this.#written, this.#ring.length);
    const newest: Remembered[] = [];
    for (let i = 1; i <= size; i++) {
      const remembered = this.#ring[(this.#written - i) % this.#ring.length];
      if (remembered !== undefined) newest.push(remembered);
    }
    return newest;
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
      facts: this.#factsOf(remembered),
      generation,
      attempts: attemptsOf(remembered),
      status: remembered.status,
      ended: remembered.ended,
      timers: { ...remembered.timers },
    };
  }

  #factsOf(remembered: Remembered): ExchangeRecord["facts"] {
    const { snapshot } = remembered;
    if (this.#facts?.snapshot !== snapshot) this.#facts = new FactReader(snapshot);
    return this.#facts.read(remembered);
  }
}

function contentOf(exchange: Exchange): ReadableContent {
  const { judgedContent } = exchange;
  if (judgedContent === undefined) return exchange.has(HEAD_FLAG.CONTENT_DECIDES) ? "unknown" : "unread";
  return judgedContent.length <= FIXED.rememberedContentBytes ? Buffer.from(judgedContent) : "not kept";
}

function withoutSockets({ backend, seed, spilled, compared, failure }: Attempt): RememberedAttempt {
  return { pool: backend.pool, server: backend.name, seed, spilled, compared, failure };
}

function attemptsOf(remembered: Remembered): AttemptRecord[] {
  const { attempt, earlier } = remembered;
  const attempts = attempt === undefined ? earlier : [...earlier, attempt];
  return attempts.map((each) => attemptRecord(each, remembered));
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
