import type { BusNames, RedisLink, SnapshotVersion } from "@shunt/core";
import { asPublicationVersion, readVersion, versionText } from "@shunt/core";
import type { Cluster, Redis } from "ioredis";
import type { Logger } from "pino";
import type { AuditEntry, HistoryEntry, StoredConfig } from "../change/change.ts";
import {
  type ConfigStore,
  KEPT_AUDIT_ENTRIES,
  KEPT_CONFIGS,
  StoreUnavailable,
} from "../change/config-store.ts";
import type { Leadership } from "../leadership/leadership.ts";
import { type FencedOutcome, FencedScript } from "../redis/fenced.ts";
import { historyEntryOf, parseAuditEntry, parseHistoryEntry, parseStoredConfig } from "./stored-forms.ts";

/** Files that are remembered to have been seen: one that is forgotten would win over the store once more. */
const KEPT_FILES = 1_000;
/** Characters of a line of the audit log; beyond, differences are counted and not told. */
const AUDIT_CHARACTERS = 16_384;

export interface RedisStoreOptions {
  readonly link: Pick<RedisLink<Redis | Cluster>, "run">;
  readonly names: BusNames;
  readonly leadership: Leadership;
  readonly log: Logger;
}

/**
 * The version of the latest stands in a key of its own and is written last: what was written half by a failing script is
 * nothing that anybody reads.
 */
const APPEND = new FencedScript(`if (redis.call('GET', KEYS[2]) or '') ~= ARGV[2] then return 0 end
local generation = ARGV[4]
redis.call('HSET', KEYS[3], generation, ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[4], generation, generation)
redis.call('ZADD', KEYS[4], generation, ARGV[6])
local older = redis.call('ZRANGE', KEYS[4], 0, -1 - tonumber(ARGV[8]), 'WITHSCORES')
for i = 2, #older, 2 do
  redis.call('ZREMRANGEBYSCORE', KEYS[4], older[i], older[i])
  redis.call('HDEL', KEYS[3], older[i])
end
redis.call('LREM', KEYS[5], 0, ARGV[7])
redis.call('LPUSH', KEYS[5], ARGV[7])
redis.call('LTRIM', KEYS[5], 0, ARGV[9] - 1)
redis.call('SET', KEYS[2], ARGV[3])
return 1`);

const APPEND_AUDIT = new FencedScript(
  `redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'entry', ARGV[3]) return 1`,
);

/** Configurations and changes in Redis. Any coordinator reads them; the one that leads writes, by fenced scripts. */
export class RedisStore implements ConfigStore {
  readonly #options: RedisStoreOptions;
  /** What stood for the latest version when that could not be read: the next is written over it. */
  #unreadable = "";

  constructor(options: RedisStoreOptions) {
    this.#options = options;
  }

  /** Of the latest, without reading it; undefined where there is none. */
  async latestVersion(): Promise<SnapshotVersion | undefined> {
    const { names } = this.#options;
    const text = await this.#read((redis) => redis.get(names.configLatest));
    const version = text === null ? undefined : readVersion(text);
    return version && { term: version.term, generation: version.number };
  }

  async latest(): Promise<StoredConfig | undefined> {
    const { names, log } = this.#options;
    const text = await this.#read((redis) => redis.get(names.configLatest));
    this.#unreadable = "";
    if (text === null) return undefined;
    const version = readVersion(text);
    const stored = version && (await this.at(version.number));
    if (stored !== undefined && version !== undefined && stored.term === version.term) return stored;
    this.#unreadable = text;
    log.error({ found: text.slice(0, 60) }, "the latest configuration in Redis cannot be read");
    return undefined;
  }

  async at(generation: number): Promise<StoredConfig | undefined> {
    const { names } = this.#options;
    const json = await this.#read((redis) => redis.hget(names.configAt, String(generation)));
    if (json === null) return undefined;
    return this.#parsed(json, parseStoredConfig)[0];
  }

  async history(limit: number): Promise<readonly HistoryEntry[]> {
    const { names } = this.#options;
    const lines = await this.#read((redis) => redis.zrevrange(names.configHistory, 0, limit - 1));
    return lines.flatMap((line) => this.#parsed(line, parseHistoryEntry));
  }

  async fileHashes(): Promise<readonly string[]> {
    const { names } = this.#options;
    return await this.#read((redis) => redis.lrange(names.configFiles, 0, -1));
  }

  async append(next: StoredConfig, expected: SnapshotVersion | undefined): Promise<boolean> {
    const { names } = this.#options;
    const outcome = await this.#write(
      APPEND,
      [names.configLatest, names.configAt, names.configHistory, names.configFiles],
      [
        expected === undefined ? this.#unreadable : versionText(asPublicationVersion(expected)),
        versionText(asPublicationVersion(next)),
        next.generation,
        JSON.stringify(next),
        JSON.stringify(historyEntryOf(next)),
        next.fileHash,
        KEPT_CONFIGS,
        KEPT_FILES,
      ],
    );
    return outcome?.done === true && outcome.value === 1;
  }

  async audit(limit: number): Promise<readonly AuditEntry[]> {
    const { names } = this.#options;
    const entries = await this.#read((redis) => redis.xrevrange(names.audit, "+", "-", "COUNT", limit));
    return entries.flatMap(([, fields]) => this.#parsed(fields[1] ?? "", parseAuditEntry));
  }

  async appendAudit(entry: AuditEntry): Promise<void> {
    const line = JSON.stringify(shortened(entry));
    const outcome = await this.#write(APPEND_AUDIT, [this.#options.names.audit], [KEPT_AUDIT_ENTRIES, line]);
    if (outcome?.done !== true)
      throw new StoreUnavailable("Another coordinator leads, and writes the audit log");
  }

  async #read<T>(command: (redis: Redis | Cluster) => Promise<T>): Promise<T> {
    return await answered(this.#options.link.run("read the configuration", command));
  }

  /** Undefined while standing by: then it is not even tried. */
  async #write(
    script: FencedScript,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<FencedOutcome | undefined> {
    const { link, names, leadership } = this.#options;
    const { fence } = leadership;
    if (fence === undefined) return undefined;
    const outcome = await answered(
      link.run("write the configuration", (redis) => script.run(redis, names.lease, fence, keys, args)),
    );
    if (!outcome.done) leadership.refused(fence);
    return outcome;
  }

  #parsed<T>(line: string, parse: (line: string) => T): [T] | [] {
    try {
      return [parse(line)];
    } catch (error) {
      this.#options.log.error({ err: error }, "what lies in Redis is no entry of ours: passed over");
      return [];
    }
  }
}

async function answered<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreUnavailable(`Redis does not do what it is asked: ${reason}`);
  }
}

/** With as many differences as a line may have. */
function shortened(entry: AuditEntry): AuditEntry {
  let kept = entry.differences.length;
  for (;;) {
    const more = entry.differences.length - kept;
    const rest = { pointer: "", before: undefined, after: `and ${more} differences more` };
    const differences = [...entry.differences.slice(0, kept), ...(more > 0 ? [rest] : [])];
    const line = { ...entry, differences };
    if (kept === 0 || JSON.stringify(line).length <= AUDIT_CHARACTERS) return line;
    kept >>= 1;
  }
}
