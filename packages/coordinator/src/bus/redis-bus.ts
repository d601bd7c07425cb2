import { randomInt } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import {
  type BusNames,
  busNames,
  DecodeError,
  decodeAnnouncement,
  decodeReport,
  encodeQuestion,
  type Fence,
  PUBLICATION_KINDS,
  type Publication,
  type Question,
  type RedisLink,
  type RedisWatch,
  type ResolvedRedis,
  type ServerHealth,
  versionText,
} from "@shunt/core";
import type { Cluster, Redis } from "ioredis";
import type { Logger } from "pino";
import { linkRedis } from "../redis/connect-redis.ts";
import { BEFORE_ALL, isEarlier } from "./entry-id.ts";
import { Publications, type Written } from "./publications.ts";
import { RedisPeers } from "./redis-peers.ts";
import { PUBLISH, SWEEP } from "./redis-scripts.ts";
import type { BusListener, BusPeer, StateBus } from "./state-bus.ts";

type Link = RedisLink<Redis | Cluster>;

const SWEEP_EVERY_MS = 1_000;
/** Reports are kept for so many sweeps: a coordinator that paused for less misses none. */
const SWEEPS_KEPT = 5;
/** How long one reading waits for reports: less than a command may take. */
const READ_FOR_MS = 1_000;
/** Between two readings: a hundred acceptors say something a thousand times a second, and are read a hundred times. */
const READ_EVERY_MS = 10;
const READ_AT_ONCE = 512;
/** A table of loads that nobody has renewed for so long says nothing; a leader renews it twice a second. */
const LOAD_LASTS_MS = 3_000;
/** So often it is looked whether Redis may evict keys, in sweeps. */
const LOOK_AT_MEMORY_EVERY = 30;
/** Coordinators ask one acceptor with numbers of their own, so that none takes another's answer for its own. */
const QUESTIONS = 2 ** 24;

export interface RedisBusOptions {
  readonly redis: ResolvedRedis;
  readonly watch: RedisWatch;
  readonly log: Logger;
  readonly listener: BusListener;
  /** Under what this coordinator leads; undefined while it stands by. */
  readonly fence: () => Fence | undefined;
  /** Redis has refused a publication, because another leads. `lease` is what lies there. */
  readonly onFenced?: ((fence: Fence, lease: string | undefined) => void) | undefined;
}

/**
 * The state bus over Redis. Each coordinator reads what all acceptors say; whoever leads publishes, by key and with a
 * hint. Nothing queues while Redis is away: of each kind the last publication is kept.
 */
export class RedisBus implements StateBus {
  readonly #options: RedisBusOptions;
  readonly #names: BusNames;
  readonly #peers: RedisPeers;
  readonly #publications = new Publications();
  readonly #refused = new Map<string, number>();
  readonly #refusedOf = new Set<string>();
  readonly #firstQuestion = randomInt(QUESTIONS) * QUESTIONS;
  #commands: Link | undefined;
  #reader: Link | undefined;
  #ticker: NodeJS.Timeout | undefined;
  /** Up to where reports were read; undefined: nothing was yet. */
  #cursor: string | undefined;
  /** The last report at each of the last sweeps, oldest first. */
  #swept: string[] = [];
  #sweeping = false;
  #sweeps = 0;
  #term: number | undefined;
  #closed = false;

  constructor(options: RedisBusOptions) {
    this.#options = options;
    this.#names = busNames(options.redis.prefix);
    this.#peers = new RedisPeers({
      listener: {
        onMessage: (peer, message) => this.#deliver(peer, message),
        onGone: (peer) => options.listener.onGone(peer),
      },
      ask: (acceptor, question) => this.#ask(acceptor, question),
      closed: (acceptor, reason) => options.log.warn({ acceptor, reason }, "an acceptor is not listened to"),
      now: () => performance.now(),
    });
  }

  /** What was refused, by what it was: counts for metrics. */
  get refused(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#refused);
  }

  /** Resolves at once: Redis may come later. */
  async listen(): Promise<void> {
    const { redis, watch, log } = this.#options;
    this.#commands = await linkRedis(redis, "coordinator", {
      watch,
      onReady: () => this.#sweep(),
      onLost: (reason) => log.warn({ reason }, "state bus is away, acceptors serve on"),
    });
    this.#reader = await linkRedis(redis, "coordinator-reports", { watch });
    this.#commands.open();
    this.#reader.open();
    this.#ticker = setInterval(() => this.#sweep(), SWEEP_EVERY_MS);
    this.#read().catch((error: unknown) => log.error({ err: error }, "the state bus reads no more"));
  }

  publish(publication: Publication): void {
    const fence = this.#options.fence();
    if (fence === undefined) {
      this.#count("not_leading");
      return;
    }
    if (fence.term !== this.#term) this.#publications.forget();
    this.#term = fence.term;
    this.#publications.add(publication, fence);
    this.#write();
  }

  async lastHealth(): Promise<readonly ServerHealth[] | undefined> {
    const commands = this.#commands;
    if (commands === undefined || !commands.ready || this.#closed) return undefined;
    try {
      const announced = await commands.run("health", (redis) => redis.get(this.#names.publication.health));
      if (announced === null) return [];
      const { publication } = decodeAnnouncement(announced);
      return publication.kind === "health" ? publication.servers : undefined;
    } catch (error) {
      // The watch has counted the others.
      if (error instanceof DecodeError) this.#count("health");
      return undefined;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#ticker);
    this.#commands?.close();
    this.#reader?.close();
  }

  /** What cannot be written now is tried again with each sweep, and with the next publication. */
  #write(): void {
    const commands = this.#commands;
    if (commands === undefined || !commands.ready || this.#closed) return;
    for (const written of this.#publications.begin()) {
      this.#writeOne(commands, written).then(
        (became) => this.#publications.settle(written, became),
        () => this.#publications.settle(written, "lost"),
      );
    }
  }

  async #writeOne(commands: Link, { kind, fence, version, announcement }: Written) {
    const { lease, publication, versions, hints } = this.#names;
    const keys = [publication[kind], versions];
    const lasts = kind === "load" ? LOAD_LASTS_MS : 0;
    const outcome = await commands.run("publish", (redis) =>
      PUBLISH.run(redis, lease, fence, keys, [kind, versionText(version), announcement, hints, lasts]),
    );
    if (outcome.done) return "written" as const;
    this.#count("fenced");
    this.#options.onFenced?.(fence, outcome.lease);
    // Where nobody leads the lease is on its way, or Redis has lost it: whoever holds it again finds this written.
    return outcome.lease === undefined ? ("lost" as const) : ("refused" as const);
  }

  #ask(acceptor: string, question: Question): void {
    const asked =
      question.kind === "get-recent"
        ? { ...question, request: this.#firstQuestion + question.request }
        : question;
    const commands = this.#commands;
    if (commands === undefined || !commands.ready) return;
    const channel = this.#names.to(acceptor);
    // Who does not hear it is asked again with a sweep.
    commands.run("ask", (redis) => redis.publish(channel, encodeQuestion(asked))).catch(() => {});
  }

  #deliver(peer: BusPeer, message: Parameters<BusListener["onMessage"]>[1]): void {
    const { listener } = this.#options;
    if (message.kind !== "recent") {
      listener.onMessage(peer, message);
      return;
    }
    const request = message.request - this.#firstQuestion;
    if (request >= 0 && request < QUESTIONS) listener.onMessage(peer, { ...message, request });
  }

  #sweep(): void {
    const commands = this.#commands;
    if (commands === undefined || !commands.ready || this.#sweeping || this.#closed) return;
    this.#sweeping = true;
    this.#sweepWith(commands)
      // The watch has counted it.
      .catch(() => {})
      .finally(() => {
        this.#sweeping = false;
      });
  }

  async #sweepWith(commands: Link): Promise<void> {
    const { acceptors, reports, versions, publication } = this.#names;
    const cursor = this.#cursor;
    const keys = [acceptors, reports, versions, ...PUBLICATION_KINDS.map((kind) => publication[kind])];
    const letGo = (this.#swept.length === SWEEPS_KEPT ? this.#swept[0] : undefined) ?? BEFORE_ALL;
    const reply = await commands.run("sweep", (redis) =>
      SWEEP.run(redis, keys, [this.#names.acceptor(""), letGo]),
    );
    const [living, last, versionPairs, lengths] = reply as [string[], string, string[], number[]];
    if (this.#closed) return;
    if (this.#sweeps++ % LOOK_AT_MEMORY_EVERY === 0) await this.#lookAtMemory(commands);
    this.#keepUp(cursor, last);
    this.#peers.look(living);
    this.#repair(pairs(versionPairs), lengths);
    this.#write();
  }

  async #lookAtMemory({ client }: Link): Promise<void> {
    // Who may not ask is not told: that is no trouble, for nothing else needs it.
    const info = await client.info("memory").catch(() => "");
    const bytes = /^maxmemory:(\d+)/m.exec(info)?.[1] ?? "0";
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? "noeviction";
    const mayEvict = bytes !== "0" && policy !== "noeviction";
    this.#options.watch.noted("memory", "evicting", mayEvict, `maxmemory-policy ${policy}`);
  }

  /** A stream that begins anew, in a Redis that was emptied or set back, would otherwise stand before the cursor. */
  #keepUp(cursor: string | undefined, last: string): void {
    // What comes before the first look is told anew by whoever said it.
    this.#cursor ??= last === "" ? BEFORE_ALL : last;
    if (last === "") return;
    this.#swept = [...this.#swept, last].slice(-SWEEPS_KEPT);
    if (cursor !== undefined && isEarlier(last, cursor)) {
      this.#cursor = BEFORE_ALL;
      this.#swept = [];
    }
  }

  #repair(versions: ReadonlyMap<string, string>, lengths: readonly number[]): void {
    if (this.#options.fence()?.term !== this.#term) return;
    const missing = this.#publications.missing(versions, lengths);
    if (missing.length > 0) {
      this.#options.log.warn(
        { missing },
        "what was published does not lie in Redis any more, publishing it anew",
      );
    }
  }

  async #read(): Promise<void> {
    while (!this.#closed) {
      const entries = await this.#readOnce();
      for (const [id, fields] of entries) {
        this.#cursor = id;
        this.#hear(fields);
      }
      await pause(READ_EVERY_MS);
    }
  }

  async #readOnce(): Promise<readonly [id: string, fields: string[]][]> {
    const reader = this.#reader;
    const cursor = this.#cursor;
    if (reader === undefined || !reader.ready || cursor === undefined) return [];
    const { reports } = this.#names;
    const reply = await reader
      .wait("read", (redis) =>
        redis.xread("COUNT", READ_AT_ONCE, "BLOCK", READ_FOR_MS, "STREAMS", reports, cursor),
      )
      .catch(() => null);
    // A sweep has set it back meanwhile: what was read is read again, and known by its numbers.
    return this.#cursor === cursor ? (reply?.[0]?.[1] ?? []) : [];
  }

  #hear(fields: string[]): void {
    try {
      this.#peers.hear(decodeReport(fields));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#refuse(fields, error.message);
    }
  }

  /** Once for each acceptor: what it says wrong it may say ten times a second. */
  #refuse(fields: readonly string[], reason: string): void {
    this.#count("report");
    const at = fields.indexOf("acceptor");
    const acceptor = at < 0 ? "" : (fields[at + 1] ?? "").slice(0, 64);
    if (this.#refusedOf.has(acceptor) || this.#refusedOf.size > 1_000) return;
    this.#refusedOf.add(acceptor);
    this.#options.log.error({ acceptor, reason }, "refused what came over Redis");
  }

  #count(reason: string): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }
}

function pairs(flat: readonly string[]): ReadonlyMap<string, string> {
  const result = new Map<string, string>();
  for (let at = 0; at + 1 < flat.length; at += 2) result.set(flat[at] as string, flat[at + 1] as string);
  return result;
}
