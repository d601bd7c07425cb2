import { type BusNames, type RedisLink, RedisScript, readLease } from "@shunt/core";
import type { Cluster, Redis } from "ioredis";
import { z } from "zod";
import type { CoordinatorEntry } from "../shared/shared-state.ts";

const REGISTER_EVERY_MS = 1_000;
/** One that is silent for so long is gone. */
const LASTS_MS = 5_000;

/** Ages are by the clock of Redis alone. */
const REGISTER = new RedisScript(`local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[3])`);

const Entry = z.object({
  id: z.string().max(256),
  host: z.string().max(256),
  pid: z.int(),
  version: z.string().max(64),
  term: z.int().min(0),
  since: z.string().max(64),
});

export interface CoordinatorsOptions {
  readonly link: Pick<RedisLink<Redis | Cluster>, "run" | "ready">;
  readonly names: BusNames;
  readonly id: string;
  readonly host: string;
  readonly version: string;
  readonly leadership: { readonly leads: boolean; readonly term: number };
}

/** Which coordinators there are, for people to see: nothing is decided by it. */
export class Coordinators {
  readonly #options: CoordinatorsOptions;
  #ticker: NodeJS.Timeout | undefined;
  #since = new Date().toISOString();

  constructor(options: CoordinatorsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#ticker = setInterval(() => this.#register(), REGISTER_EVERY_MS);
  }

  /** It leads, or stands by, from now on. */
  changed(): void {
    this.#since = new Date().toISOString();
    this.#register();
  }

  /** Nobody has to wait until it is forgotten. */
  async stop(): Promise<void> {
    clearInterval(this.#ticker);
    const { link, names, id } = this.#options;
    if (!link.ready) return;
    await link
      .run("leave", async (redis) => {
        await redis.zrem(names.coordinators, id);
        await redis.del(names.coordinator(id));
      })
      .catch(() => {});
  }

  async list(): Promise<readonly CoordinatorEntry[]> {
    const { link, names } = this.#options;
    const [lease, found] = await link.run("read coordinators", async (redis) => {
      const ids = await redis.zrange(names.coordinators, "0", "-1");
      const keys = ids.map((id) => names.coordinator(id));
      const [value = null, ...values] = await redis.mget(names.lease, ...keys);
      return [value, values] as const;
    });
    const leader = lease === null ? undefined : readLease(lease)?.holder;
    return found.flatMap((json) =>
      entriesOf(json).map((entry) => ({ ...entry, leads: entry.id === leader })),
    );
  }

  #register(): void {
    const { link, names, id, host, version, leadership } = this.#options;
    if (!link.ready) return;
    const { term } = leadership;
    const entry = { id, host, pid: process.pid, version, term, since: this.#since };
    link
      .run("register", (redis) =>
        REGISTER.run(
          redis,
          [names.coordinators, names.coordinator(id)],
          [id, JSON.stringify(entry), LASTS_MS],
        ),
      )
      // The next time comes soon.
      .catch(() => {});
  }
}

/** What cannot be read is passed over. */
function entriesOf(json: string | null): [] | [Omit<CoordinatorEntry, "leads">] {
  try {
    return json === null ? [] : [Entry.parse(JSON.parse(json))];
  } catch {
    return [];
  }
}
