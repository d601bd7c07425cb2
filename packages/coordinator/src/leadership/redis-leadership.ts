import {
  type BusNames,
  type Fence,
  leaseValue,
  RedisScript,
  readLease,
  type ScriptRunner,
} from "@shunt/core";
import type { Logger } from "pino";
import type { Leadership } from "./leadership.ts";
import { LEASE_MS, Lease, RENEW_EVERY_MS } from "./lease.ts";

/** How often a coordinator that stands by looks whether the lease is free, give or take a quarter. */
const LOOK_EVERY_MS = 250;
/**
 * In this time every acceptor that lives registers. Who finds a store that it has not known all the time waits for it: it
 * may have been emptied or set back, and no term may be given twice.
 */
const SETTLE_MS = 1_000;

/** What of a connection to Redis is used here. */
export interface LeaseLink {
  readonly ready: boolean;
  run<T>(attempted: string, command: (redis: ScriptRunner) => Promise<T>): Promise<T>;
}

export interface RedisLeadershipOptions {
  /** Of its own: no long write is to stand before a renewal. */
  readonly link: LeaseLink;
  readonly names: BusNames;
  /** Names this life of this coordinator, as no other is named. */
  readonly id: string;
  /** The highest term that this coordinator knows of, out of what it keeps. */
  readonly known: () => number;
  /** The highest term that acceptors have registered with. */
  readonly registered: () => Promise<number>;
  readonly log: Logger;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
  /** From 0 to 1. */
  readonly random?: () => number;
}

/**
 * What lies in the store, and the lease where it is free and was asked for. A lease that never expires, or that cannot be
 * read, is nobody's. A term below the floor is one that was given already: it is raised by whoever has waited.
 */
const TAKE = new RedisScript(`local lease = redis.call('GET', KEYS[1])
local term = tonumber(redis.call('GET', KEYS[2]) or '0') or 0
if term < 0 or term > 1e14 or term ~= math.floor(term) then term = 0 end
local isHeld = lease and string.find(lease, '^%d+ .') and redis.call('PTTL', KEYS[1]) > 0
if isHeld then return {'held', term, lease} end
if ARGV[1] == 'look' then return {'free', term, ''} end
local floor = tonumber(ARGV[4])
if ARGV[1] ~= 'settled' and (term == 0 or term < floor) then return {'free', term, ''} end
term = math.max(term, floor) + 1
local text = string.format('%.0f', term)
redis.call('SET', KEYS[2], text)
redis.call('SET', KEYS[1], text .. ' ' .. ARGV[2], 'PX', ARGV[3])
return {'taken', term, ''}`);

/** The highest term is written again where it is not there any more. */
const RENEW = new RedisScript(`local lease = redis.call('GET', KEYS[1])
if lease ~= ARGV[1] then return lease or '' end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
if (tonumber(redis.call('GET', KEYS[2]) or '0') or 0) < tonumber(ARGV[3]) then redis.call('SET', KEYS[2], ARGV[3]) end
return lease`);

const RELEASE = new RedisScript(
  `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`,
);

/** Leads by a lease in Redis: whoever holds it renews it, the others look for its end. */
export class RedisLeadership implements Leadership {
  readonly #options: RedisLeadershipOptions;
  readonly #now: () => number;
  readonly #lease: Lease;
  readonly #listeners: ((leads: boolean) => void)[] = [];
  readonly #leaderListeners: ((leader: string, term: number) => void)[] = [];
  #stopped = true;
  #next: NodeJS.Timeout | undefined;
  #atEnd: NodeJS.Timeout | undefined;
  /** Whoever holds the lease; undefined while nobody does, as far as is known. */
  #leader: Fence | undefined;
  #lastLeader: Fence | undefined;
  /** The highest term that was ever seen. */
  #highest = 0;
  /** From then on it is known what every acceptor has registered. */
  #settledAt = Number.POSITIVE_INFINITY;
  /** The store has not seen a term that was given. */
  #isBehind = false;
  #since: Date | undefined;
  #changes = 0;
  #refusals = 0;
  /** Why Redis could not be asked last; undefined when it could. */
  #failure: string | undefined;

  constructor(options: RedisLeadershipOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#lease = new Lease(this.#now);
  }

  get leads(): boolean {
    return this.#lease.leads;
  }

  get term(): number {
    return this.leads ? this.#lease.term : this.#highest;
  }

  get leader(): string | undefined {
    return this.leads ? this.#options.id : this.#leader?.holder;
  }

  get fence(): Fence | undefined {
    return this.leads ? { holder: this.#options.id, term: this.#lease.term } : undefined;
  }

  /** Since when it leads; undefined while standing by. */
  get since(): Date | undefined {
    return this.leads ? this.#since : undefined;
  }

  /** Changes of leader that were seen. */
  get changes(): number {
    return this.#changes;
  }

  /** Writes that Redis has refused because another led. */
  get refusals(): number {
    return this.#refusals;
  }

  onChange(listener: (leads: boolean) => void): void {
    this.#listeners.push(listener);
  }

  /** Called when it is seen that somebody begins to lead. */
  onLeader(listener: (leader: string, term: number) => void): void {
    this.#leaderListeners.push(listener);
  }

  start(): void {
    this.#stopped = false;
    this.#after(0, () => this.#look());
  }

  /** Gives the lease up, so that another can have it at once. */
  async stop(): Promise<void> {
    const { fence } = this;
    this.#stopped = true;
    clearTimeout(this.#next);
    this.#endLeading("it stops");
    if (fence !== undefined) await this.#release(fence);
  }

  refused(fence: Fence): void {
    this.#refusals += 1;
    if (fence.term === this.#lease.term)
      this.#endLeading("Redis has refused a write: the lease is another's");
  }

  /** The connection stands (again). Redis may be another one, or an older one, than the one of the connection before. */
  connected(): void {
    this.#settle();
  }

  #settle(): void {
    this.#settledAt = this.#now() + SETTLE_MS;
  }

  #after(ms: number, then: () => void): void {
    clearTimeout(this.#next);
    if (!this.#stopped) this.#next = setTimeout(then, ms);
  }

  // Standing by.

  #look(): void {
    const random = this.#options.random?.() ?? Math.random();
    this.#standBy().then(
      () => this.#asked(undefined),
      (error: unknown) => this.#asked(error),
    );
    // Not counted from the answer: one that does not come is not waited for.
    this.#after(LOOK_EVERY_MS * (0.75 + random / 2), () => this.#look());
  }

  async #standBy(): Promise<void> {
    if (!this.#options.link.ready) return;
    const known = Math.max(this.#highest, this.#options.known());
    if (!(await this.#isFree("look", known)) || this.#now() < this.#settledAt) return;
    const floor = Math.max(known, await this.#options.registered());
    // Meanwhile another look may have taken it.
    if (this.leads || this.#stopped) return;
    await this.#isFree(this.#isBehind ? "settled" : "take", floor);
  }

  async #isFree(mode: "look" | "take" | "settled", floor: number): Promise<boolean> {
    const { link, names, id } = this.#options;
    const askedAt = this.#now();
    const reply = await link.run("look for the lease", (redis) =>
      TAKE.run(redis, [names.lease, names.term], [mode, id, LEASE_MS, floor]),
    );
    const [found, term, lease] = reply as ["held" | "free" | "taken", number, string];
    if (found === "taken") {
      this.#taken(term, askedAt);
      return false;
    }
    if (this.leads) return false;
    if (found === "held") this.#seeLeader(readLease(lease));
    else this.#seeNobody(term, floor);
    return found === "free";
  }

  #seeNobody(term: number, floor: number): void {
    this.#leader = undefined;
    this.#highest = Math.max(this.#highest, term);
    if (this.#isBehind || (term > 0 && term >= floor)) return;
    this.#isBehind = true;
    this.#settle();
    if (floor === 0) return;
    this.#options.log.warn(
      { found: term, known: floor },
      "Redis was emptied or set back: waiting for what acceptors register",
    );
  }

  #seeLeader(leader: Fence | undefined): void {
    if (leader === undefined) return;
    this.#isBehind = false;
    this.#leader = leader;
    this.#highest = Math.max(this.#highest, leader.term);
    // An answer that came too late to lead by.
    if (leader.holder === this.#options.id && !this.leads) void this.#release(leader);
    const last = this.#lastLeader;
    this.#lastLeader = leader;
    if (last?.holder === leader.holder && last.term === leader.term) return;
    if (last !== undefined) this.#changes += 1;
    for (const listener of this.#leaderListeners) listener(leader.holder, leader.term);
  }

  #taken(term: number, askedAt: number): void {
    if (this.#stopped) return void this.#release({ holder: this.#options.id, term });
    if (!this.#lease.take(term, askedAt)) return;
    this.#since = new Date();
    this.#seeLeader({ holder: this.#options.id, term });
    this.#options.log.info({ term }, "leading begins");
    this.#awaitEnd();
    this.#after(RENEW_EVERY_MS, () => this.#renewOnce());
    for (const listener of this.#listeners) listener(true);
  }

  // Leading.

  #renewOnce(): void {
    if (this.#hasExpired()) return;
    this.#renew().then(
      () => this.#asked(undefined),
      (error: unknown) => this.#asked(error),
    );
    // Nor is the answer to this waited for: the next one is another chance.
    this.#after(RENEW_EVERY_MS, () => this.#renewOnce());
  }

  async #renew(): Promise<void> {
    const { link, names } = this.#options;
    const { fence } = this;
    if (fence === undefined) return;
    const askedAt = this.#now();
    const mine = leaseValue(fence);
    const found = await link.run("renew the lease", (redis) =>
      RENEW.run(redis, [names.lease, names.term], [mine, LEASE_MS, fence.term]),
    );
    if (found === mine) this.#lease.renew(fence.term, askedAt);
    else if (fence.term === this.#lease.term) this.#endLeading(lossOf(String(found)));
  }

  #awaitEnd(): void {
    clearTimeout(this.#atEnd);
    this.#atEnd = setTimeout(
      () => {
        if (!this.#hasExpired()) this.#awaitEnd();
      },
      Math.max(1, this.#lease.remainingMs),
    );
  }

  #hasExpired(): boolean {
    if (!this.#lease.expire()) return this.#lease.state === "standing-by";
    this.#hasEnded(
      `it could not be renewed for ${LEASE_MS} ms: ${this.#failure ?? "this process did not run"}`,
    );
    return true;
  }

  #endLeading(reason: string): void {
    if (this.#lease.state === "standing-by") return;
    this.#lease.end();
    this.#hasEnded(reason);
  }

  #hasEnded(reason: string): void {
    clearTimeout(this.#atEnd);
    this.#leader = undefined;
    this.#options.log.warn({ term: this.#lease.term, reason }, "leading ends");
    for (const listener of this.#listeners) listener(false);
    this.#after(LOOK_EVERY_MS, () => this.#look());
  }

  /** A lease that cannot be given up ends by itself. */
  async #release(fence: Fence): Promise<void> {
    const { link, names } = this.#options;
    await link
      .run("give up the lease", (redis) => RELEASE.run(redis, [names.lease], [leaseValue(fence)]))
      .catch(() => {});
  }

  #asked(error: unknown): void {
    const before = this.#failure;
    this.#failure = error === undefined ? undefined : error instanceof Error ? error.message : String(error);
    if (this.#failure !== undefined && before === undefined)
      this.#options.log.warn({ reason: this.#failure }, "Redis does not say who leads");
  }
}

function lossOf(found: string): string {
  if (found === "") return "the lease is not in Redis any more";
  return `${readLease(found)?.holder ?? "somebody unknown"} holds the lease`;
}
