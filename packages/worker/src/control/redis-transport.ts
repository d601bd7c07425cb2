import { createHash, randomUUID } from "node:crypto";
import {
  type AcceptorCounters,
  type AcceptorMessage,
  asPublicationVersion,
  type BusNames,
  busNames,
  DecodeError,
  decodeAnnouncement,
  decodeQuestion,
  encodeRegistration,
  encodeReport,
  Inbox,
  MAX_LINE_BYTES,
  PUBLICATION_KINDS,
  type Publication,
  type RedisLink,
  RedisWatch,
  type ResolvedRedis,
  readLease,
  readVersion,
  type SnapshotVersion,
} from "@shunt/core";
import type { Cluster, Redis } from "ioredis";
import type { Logger } from "pino";
import { linkRedis } from "./connect-redis.ts";
import { LEAVE, REGISTER } from "./redis-scripts.ts";
import type { Transport, TransportEvents } from "./transport.ts";

type Link = RedisLink<Redis | Cluster>;
type Kind = Publication["kind"];

/** What a lost hint costs: so often an acceptor looks whether there is anything that it has not been told. */
const REGISTER_EVERY_MS = 500;
/** After so long without a word an acceptor is forgotten: ten registrations in a row were missed. */
const REGISTERED_FOR_MS = 5_000;
/** A pause of Redis of two seconds makes a coordinator miss nothing; more that nobody has answered is not sent. */
const MOST_UNANSWERED = 32;
/**
 * Entries that the stream keeps when no coordinator shortens it: a hundred acceptors write as many in ten seconds, and
 * whoever was away for longer asks for all anyway.
 */
const REPORTS_KEPT = 10_000;
/** What was refused is read again after so many registrations, though its version says that it is the same. */
const READ_AGAIN_AFTER = 10;
/** So often the connection that only listens is asked whether it is still there, in registrations. */
const PING_EVERY = 4;

export interface RedisTransportOptions {
  readonly redis: ResolvedRedis;
  readonly id: string;
  readonly host: string;
  readonly version: string;
  /** The snapshot that the acceptor started with. */
  readonly snapshot: SnapshotVersion;
  readonly log: Logger;
}

/**
 * To coordinators on any host, over Redis. State is read by key; a hint on a channel makes that fast, and is not relied
 * on. While Redis is away or stalls nothing waits for it: what cannot be said is left out, and told anew afterwards.
 */
export class RedisTransport implements Transport {
  readonly #options: RedisTransportOptions;
  readonly #names: BusNames;
  readonly #life = randomUUID();
  readonly #inbox = new Inbox();
  readonly #watch: RedisWatch;
  readonly #refusedCounts = new Map<string, number>();
  /** What was refused last of each kind, so that it is told once. */
  readonly #refused = new Map<string, { readonly digest: string; readonly at: number }>();
  readonly #reading = new Set<Kind>();
  #events: TransportEvents | undefined;
  #commands: Link | undefined;
  #listener: Link | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #held: SnapshotVersion;
  /** Of the lease, when it was last seen. */
  #term: number | undefined;
  #open = false;
  #saidLost = false;
  #closed = false;
  #registering = false;
  #registrations = 0;
  #unanswered = 0;
  #number = 0;

  constructor(options: RedisTransportOptions) {
    const { redis, snapshot, log } = options;
    this.#options = options;
    this.#names = busNames(redis.prefix);
    this.#held = snapshot;
    this.#inbox.note("snapshot", asPublicationVersion(snapshot));
    this.#watch = new RedisWatch({
      began: (reason, sentence, detail) => log.warn({ reason, detail }, sentence),
      ended: (reason, was) => log.info({ reason, was }, "trouble with Redis is over"),
    });
  }

  get canSend(): boolean {
    return this.#open && this.#unanswered < MOST_UNANSWERED;
  }

  counters(): Pick<AcceptorCounters, "gauges" | "labelled"> {
    return {
      gauges: { acceptors_redis_up: this.#watch.up ? 1 : 0 },
      labelled: {
        acceptors_redis_errors_total: this.#watch.errors,
        acceptors_bus_refused_total: Object.fromEntries(this.#refusedCounts),
      },
    };
  }

  open(events: TransportEvents): void {
    this.#events = events;
    this.#connect().catch((error: unknown) => this.#lost(wordsOf(error)));
  }

  send(message: AcceptorMessage): void {
    if (message.kind === "hello" || message.kind === "status") {
      const { term, generation } = message;
      this.#held = { term, generation };
      this.#inbox.note("snapshot", { term, number: generation });
    }
    const commands = this.#commands;
    if (commands === undefined || !this.canSend) return;
    const entry = this.#entry(message);
    const { reports } = this.#names;
    this.#unanswered += 1;
    commands
      .run("report", (redis) => redis.xadd(reports, "MAXLEN", "~", REPORTS_KEPT, "*", ...entry))
      // The watch has counted it, and the gap in the numbers makes a coordinator ask for all anew.
      .catch(() => {})
      .finally(() => {
        this.#unanswered -= 1;
      });
  }

  async close(): Promise<void> {
    clearInterval(this.#ticker);
    if (this.#open) {
      const { acceptors, reports } = this.#names;
      const keys = [this.#names.acceptor(this.#options.id), acceptors, reports];
      const args = [this.#life, this.#options.id, ...this.#entry(undefined)];
      await this.#commands?.run("leave", (redis) => LEAVE.run(redis, keys, args)).catch(() => {});
    }
    this.#closed = true;
    this.#open = false;
    this.#commands?.close();
    this.#listener?.close();
  }

  async #connect(): Promise<void> {
    const { redis } = this.#options;
    const commands = await linkRedis(redis, "acceptor", {
      watch: this.#watch,
      onReady: () => this.#register(),
      onLost: (reason) => this.#lost(reason),
    });
    const listener = await linkRedis(redis, "acceptor-hints", {
      watch: this.#watch,
      onReady: () => this.#subscribe(),
    });
    if (this.#closed) return;
    this.#commands = commands;
    this.#listener = listener;
    listener.client.on("message", (channel: string, text: string) => this.#heard(channel, text));
    commands.open();
    listener.open();
    this.#ticker = setInterval(() => this.#tick(), REGISTER_EVERY_MS).unref();
  }

  #tick(): void {
    this.#register();
    if (this.#registrations % PING_EVERY === 0 && this.#listener?.ready) {
      // An answer is not needed: without one the connection is given up, and made anew.
      this.#listener.run("ping", (redis) => redis.ping()).catch(() => {});
    }
  }

  #subscribe(): void {
    const { hints, to } = this.#names;
    this.#listener
      ?.run("subscribe", (redis) => redis.subscribe(hints, to(this.#options.id)))
      // What was announced meanwhile is found by its version.
      .then(() => this.#register())
      .catch(() => this.#listener?.client.disconnect(true));
  }

  #entry(message: AcceptorMessage | undefined): string[] {
    this.#number += 1;
    return encodeReport({
      acceptor: this.#options.id,
      life: this.#life,
      number: this.#number,
      message,
    });
  }

  #register(): void {
    const commands = this.#commands;
    if (commands === undefined || !commands.ready || this.#registering) return;
    this.#registering = true;
    this.#registrations += 1;
    const { id, host, version } = this.#options;
    const registration = encodeRegistration({
      acceptor: id,
      life: this.#life,
      host,
      pid: process.pid,
      version,
      ...this.#held,
      highestTerm: Math.max(this.#inbox.highestTerm, this.#term ?? 0),
    });
    const { acceptors, versions, lease } = this.#names;
    const keys = [this.#names.acceptor(id), acceptors, versions, lease];
    commands
      .run("register", (redis) => REGISTER.run(redis, keys, [registration, REGISTERED_FOR_MS, id]))
      .then(
        (reply) => this.#registered(reply as [string, string[]]),
        (error: unknown) => this.#lost(wordsOf(error)),
      )
      .finally(() => {
        this.#registering = false;
      });
  }

  #registered([lease, versions]: [string, string[]]): void {
    if (this.#closed) return;
    const term = readLease(lease)?.term ?? this.#term;
    // Whoever leads now may have begun without us.
    const isNew = !this.#open || term !== this.#term;
    this.#term = term;
    this.#open = true;
    this.#saidLost = false;
    if (isNew) this.#events?.onOpen();
    for (let at = 0; at + 1 < versions.length; at += 2) {
      this.#consider(versions[at] as string, versions[at + 1] as string);
    }
  }

  #lost(reason: string): void {
    this.#open = false;
    if (this.#closed || this.#saidLost) return;
    this.#saidLost = true;
    this.#events?.onLost(reason);
  }

  /** Reads what it has not, by the version that stands beside it. */
  #consider(name: string, text: string): void {
    const kind = PUBLICATION_KINDS.find((known) => known === name);
    const version = readVersion(text);
    if (kind === undefined || (version !== undefined && !this.#inbox.lacks(kind, version))) return;
    const refused = this.#refused.get(kind);
    if (refused !== undefined && this.#registrations - refused.at < READ_AGAIN_AFTER) return;
    if (this.#reading.has(kind)) return;
    this.#reading.add(kind);
    const key = this.#names.publication[kind];
    this.#commands
      // Of what somebody else has put there, no more than anything of ours has.
      ?.run("read", (redis) => redis.getrange(key, 0, MAX_LINE_BYTES))
      .then((value) => this.#take(kind, value))
      .catch(() => {})
      .finally(() => this.#reading.delete(kind));
  }

  #heard(channel: string, text: string): void {
    if (channel === this.#names.hints) this.#take("hint", text);
    else this.#asked(text);
  }

  #asked(text: string): void {
    try {
      this.#events?.onMessage(decodeQuestion(text));
    } catch (error) {
      this.#refuse("question", text, error);
    }
  }

  #take(what: Kind | "hint", text: string): void {
    try {
      const publication = this.#inbox.take(decodeAnnouncement(text));
      this.#refused.delete(what);
      if (publication !== undefined) this.#events?.onMessage(publication);
    } catch (error) {
      this.#refuse(what, text, error);
    }
  }

  /** What was good before is kept, and this is said once however often it is found. */
  #refuse(what: string, text: string, error: unknown): void {
    if (!(error instanceof DecodeError)) throw error;
    this.#refusedCounts.set(what, (this.#refusedCounts.get(what) ?? 0) + 1);
    const digest = createHash("sha1").update(text).digest("hex");
    const isKnown = this.#refused.get(what)?.digest === digest;
    this.#refused.set(what, { digest, at: this.#registrations });
    if (isKnown) return;
    const fields = { what, reason: error.message };
    this.#options.log.error(fields, "refused what came over Redis, and keeping what was good before");
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
