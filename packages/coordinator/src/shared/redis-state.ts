import { randomBytes } from "node:crypto";
import { busNames, type RedisLink, RedisWatch, type ResolvedRedis } from "@shunt/core";
import type { Cluster, Redis } from "ioredis";
import { RedisBus } from "../bus/redis-bus.ts";
import { Commands } from "../change/commands.ts";
import { RemoteConfiguration } from "../change/remote-configuration.ts";
import type { EventLog } from "../events/event-log.ts";
import { Coordinators } from "../leadership/coordinators.ts";
import { RedisLeadership } from "../leadership/redis-leadership.ts";
import { Registrations } from "../leadership/registrations.ts";
import { linkRedis } from "../redis/connect-redis.ts";
import { redisMetrics } from "../redis/redis-metrics.ts";
import { Troubles } from "../redis/troubles.ts";
import { RedisStore } from "../store/redis-store.ts";
import type { SharedContext, SharedState } from "./shared-state.ts";

type Link = RedisLink<Redis | Cluster>;

export interface RedisStateOptions extends SharedContext {
  readonly redis: ResolvedRedis;
}

/** One of several coordinators: what they share lies in Redis, and one of them leads. */
export async function redisState(options: RedisStateOptions): Promise<SharedState> {
  const { redis, listener, known, version, host, events, log } = options;
  const names = busNames(redis.prefix);
  const id = uniqueId(host);
  const troubles = new Troubles(() => new Date());
  const watch = new RedisWatch({
    began: (reason, sentence, detail) => {
      troubles.began(reason);
      log.error({ reason, detail }, sentence);
    },
    ended: (reason, was) => {
      troubles.ended(reason);
      log.info({ reason, was }, "trouble with Redis is over");
    },
  });
  const away = new Away(events);
  // Each has its own connection: a renewal waits behind no long write, and nothing behind what waits for commands.
  const lease: Link = await linkRedis(redis, "coordinator-lease", {
    watch,
    onReady: () => {
      leadership.connected();
      away.ended();
    },
    onLost: (reason) => away.began(reason),
  });
  const link = await linkRedis(redis, "coordinator-store", { watch });
  const reader = await linkRedis(redis, "coordinator-commands", { watch });
  const registrations = new Registrations({ link: lease, names });
  const leadership = new RedisLeadership({
    link: lease,
    names,
    id,
    known: () => known().term,
    registered: () => registrations.highestTerm(),
    log,
  });
  leadership.onLeader((leader, term) => events.append({ kind: "leader-changed", leader, term }));
  leadership.onChange(() => coordinators.changed());
  const store = new RedisStore({ link, names, leadership, log });
  const coordinators = new Coordinators({ link: lease, names, id, leadership, host, version });
  const remote = new RemoteConfiguration({ link, names });
  const bus = new RedisBus({
    redis,
    watch,
    log,
    listener,
    fence: () => leadership.fence,
    onFenced: (fence) => leadership.refused(fence),
  });
  return {
    id,
    bus,
    leadership,
    store,
    ask: (request) => remote.change(request),
    held: () => registrations.newest(),
    coordinators: () => coordinators.list(),
    get counts() {
      return { changes: leadership.changes, fencedWrites: leadership.refusals };
    },
    metrics: () => redisMetrics(watch, bus.refused),
    redis: () => ({ up: watch.up, troubles: troubles.seen }),
    duties: (change) => [new Commands({ reader, link, names, leadership, change, log })],
    async start() {
      await bus.listen();
      for (const each of [lease, link, reader]) each.open();
      leadership.start();
      coordinators.start();
    },
    async stop() {
      await leadership.stop();
      await coordinators.stop();
      await bus.close();
      for (const each of [lease, link, reader]) each.close();
    },
  };
}

/** Of a life of a process, on whichever host: no other has it, nor has the same process after a restart. */
const uniqueId = (host: string): string => `${host}-${process.pid}-${randomBytes(4).toString("hex")}`;

/** Tells of each absence of Redis once. */
class Away {
  readonly #events: EventLog;
  #since: number | undefined;

  constructor(events: EventLog) {
    this.#events = events;
  }

  began(reason: string): void {
    this.#since ??= performance.now();
    this.#events.append({ kind: "redis-away", reason });
  }

  ended(): void {
    if (this.#since === undefined) return;
    this.#events.append({ kind: "redis-back", awayMs: Math.round(performance.now() - this.#since) });
    this.#since = undefined;
  }
}
