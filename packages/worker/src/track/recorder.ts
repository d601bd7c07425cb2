import {
  type AttemptRecord,
  type ExchangeRecord,
  FIXED,
  HEAD_FLAG,
  type PoolRefusal,
  type ResolvedClass,
  type Snapshot,
} from "@shunt/core";
import type { Attempt } from "./attempt.ts";
import { type Exchange, targetOf } from "./exchange.ts";
import { FactReader, type ReadableContent, type ReadableRequest } from "./fact-reader.ts";
import { newTimers, type Timers, timersOf } from "./timers.ts";

const NOTHING = Buffer.alloc(0);
const NO_ATTEMPTS: readonly RememberedAttempt[] = Object.freeze([]);

/** Of an attempt, without the exchange and the sockets that hang on it. */
type RememberedAttempt = Pick<Attempt, "seed" | "spilled" | "compared" | "failure"> & {
  readonly pool: string;
  readonly server: string;
};

/**
 * What is kept of a settled exchange: enough to explain its decision, and to decide it again by other rules. One is
 * written over by a later one, and so is its memory: what each exchange would leave here anew would live just long
 * enough to be copied by the garbage collector once or twice.
 */
class Remembered implements ReadableRequest {
  id = "";
  snapshot: Snapshot | undefined = undefined;
  trusted = false;
  client = "";
  user: string | undefined = undefined;
  content: ReadableContent = "unread";
  method = "";
  rule = -1;
  class = -1;
  unserved: PoolRefusal | undefined = undefined;
  status = 0;
  ended = "";
  beganAt = 0;
  readonly timers: Timers = newTimers();
  /** The last one, and those before it: mostly there are none. */
  attempt: RememberedAttempt | undefined = undefined;
  earlier: readonly RememberedAttempt[] = NO_ATTEMPTS;
  #memory = NOTHING;
  #headLength = 0;
  #flags = 0;
  #targetAt = 0;
  #targetLength = 0;
  #authorityAt = 0;
  #authorityLength = 0;
  /** Of a head that is too large to be kept. */
  #target = "";
  #authority = "";

  /** Empty when it was too large. */
  get head(): Buffer {
    return this.#memory.subarray(0, this.#headLength);
  }

  get target(): string {
    if (this.#headLength === 0) return this.#target;
    return targetOf(this.#memory, this.#targetAt, this.#targetLength, this.#flags);
  }

  get authority(): string {
    if (this.#headLength === 0) return this.#authority;
    return this.#memory.latin1Slice(this.#authorityAt, this.#authorityAt + this.#authorityLength);
  }

  take(exchange: Exchange, id: string, now: number): void {
    const { history } = exchange;
    this.id = id;
    this.snapshot = exchange.snapshot;
    this.trusted = exchange.client.peer.trusted;
    this.client = exchange.forwardedClient ?? exchange.client.address.text;
    this.user = exchange.user;
    this.content = contentOf(exchange);
    this.method = exchange.methodName;
    this.rule = exchange.rule;
    this.class = exchange.class;
    this.unserved = exchange.unserved;
    this.status = exchange.status;
    this.ended = exchange.ended;
    this.beganAt = exchange.beganAt;
    timersOf(exchange, now, this.timers);
    const last = history.at(-1);
    this.attempt = last === undefined ? undefined : withoutSockets(last);
    this.earlier = history.length > 1 ? history.slice(0, -1).map(withoutSockets) : NO_ATTEMPTS;
    this.#takeHead(exchange);
  }

  #takeHead(exchange: Exchange): void {
    const { received } = exchange;
    if (received.length > FIXED.rememberedHeadBytes) {
      this.#headLength = 0;
      this.#target = exchange.target;
      this.#authority = exchange.authority;
      return;
    }
    if (this.#memory.length < received.length)
      this.#memory = Buffer.allocUnsafeSlow(roomFor(received.length));
    this.#memory.set(received);
    this.#headLength = received.length;
    this.#flags = exchange.flags;
    this.#targetAt = exchange.targetAt;
    this.#targetLength = exchange.targetLength;
    this.#authorityAt = exchange.authorityAt;
    this.#authorityLength = exchange.authorityLength;
  }
}

const LEAST_ROOM = 256;

/** Heads of one client are about as long as each other. */
function roomFor(octets: number): number {
  return Math.max(LEAST_ROOM, 2 ** Math.ceil(Math.log2(octets)));
}

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
    const at = this.#written++ % this.#ring.length;
    const remembered = this.#ring[at] ?? new Remembered();
    this.#ring[at] = remembered;
    remembered.take(exchange, id, now);
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
    const { config, generation } = remembered.snapshot as Snapshot;
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
      unserved: remembered.unserved,
      ended: remembered.ended,
      timers: { ...remembered.timers },
    };
  }

  #factsOf(remembered: Remembered): ExchangeRecord["facts"] {
    const snapshot = remembered.snapshot as Snapshot;
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
  const { classes, pools } = (snapshot as Snapshot).config;
  const { pool, spill } = classes[cls] as ResolvedClass;
  const servers = pools[attempt.spilled ? spill : pool]?.servers ?? [];
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
