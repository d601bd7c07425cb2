import { setTimeout as pause } from "node:timers/promises";
import type { BusNames, RedisLink } from "@shunt/core";
import type { Cluster, Redis } from "ioredis";
import type { Logger } from "pino";
import type { Duty } from "../leadership/duty.ts";
import type { Leadership } from "../leadership/leadership.ts";
import { FencedScript } from "../redis/fenced.ts";
import type { ChangeOutcome, ChangeRequest } from "./change.ts";
import { parseChangeRequest } from "./command-forms.ts";

/** Older ones are not obeyed: whoever asked does not wait any more, or not for long enough. */
const OBEYED_FOR_MS = 4_000;
/** Longer than anybody waits for it. */
const REPLY_LASTS_MS = 10_000;
/** Less than a command may take. */
const READ_FOR_MS = 1_000;
const READ_AT_ONCE = 16;
const AGAIN_AFTER_MS = 250;

/**
 * Takes a command out of the stream before it is obeyed, so that no two leaders obey it, nor one twice. Its age is by
 * the clock of Redis alone: from when whoever asked has read it, and from when the command came there.
 */
const CLAIM = new FencedScript(`local now = redis.call('TIME')
local since = math.min(tonumber(string.match(ARGV[2], '^%d+')), tonumber(ARGV[4]))
local age = now[1] * 1000 + math.floor(now[2] / 1000) - since
if redis.call('XDEL', KEYS[2], ARGV[2]) == 0 then return 'gone' end
return age > tonumber(ARGV[3]) and 'old' or 'mine'`);

export interface CommandsOptions {
  /** A connection of its own: it waits there for commands. */
  readonly reader: Pick<RedisLink<Redis | Cluster>, "wait">;
  readonly link: Pick<RedisLink<Redis | Cluster>, "run">;
  readonly names: BusNames;
  readonly leadership: Leadership;
  readonly change: (request: ChangeRequest) => Promise<ChangeOutcome>;
  readonly log: Logger;
}

/** The leader makes the changes that coordinators ask it for which stand by. */
export class Commands implements Duty {
  readonly #options: CommandsOptions;
  /** Raised with each start and stop: a loop of before ends. */
  #life = 0;

  constructor(options: CommandsOptions) {
    this.#options = options;
  }

  start(): void {
    const life = ++this.#life;
    this.#read(life).catch((error: unknown) =>
      this.#options.log.error({ err: error }, "the leader does not hear other coordinators any more"),
    );
  }

  stop(): void {
    this.#life += 1;
  }

  async #read(life: number): Promise<void> {
    let last: string | undefined;
    while (this.#life === life) {
      try {
        last ??= await this.#beginning();
        for (const [id, fields] of await this.#next(last)) {
          last = id;
          if (this.#life === life) await this.#take(id, fields);
        }
      } catch {
        // The watch of the connection has told it.
        await pause(AGAIN_AFTER_MS);
      }
    }
  }

  /** What was asked for while nobody led is obeyed, too, as long as somebody waits for it. */
  async #beginning(): Promise<string> {
    const [seconds] = await this.#options.link.run("time", (redis) => redis.time());
    return `${Number(seconds) * 1_000 - OBEYED_FOR_MS}-0`;
  }

  async #next(last: string): Promise<readonly (readonly [id: string, fields: readonly string[]])[]> {
    const { reader, names } = this.#options;
    const reply = await reader.wait("hear commands", (redis) =>
      redis.xread("COUNT", READ_AT_ONCE, "BLOCK", READ_FOR_MS, "STREAMS", names.commands, last),
    );
    return reply?.[0]?.[1] ?? [];
  }

  async #take(entry: string, fields: readonly string[]): Promise<void> {
    const { link, names, leadership, log } = this.#options;
    const { fence } = leadership;
    if (fence === undefined) return;
    const [, id, , asked = "", , request] = fields;
    const since = /^\d{1,15}$/.test(asked) ? asked : "0";
    const claim = await link.run("claim a command", (redis) =>
      CLAIM.run(redis, names.lease, fence, [names.commands], [entry, OBEYED_FOR_MS, since]),
    );
    if (!claim.done) return leadership.refused(fence);
    if (claim.value === "old")
      log.warn({ entry }, "a change was asked for too long ago: nobody waits for it");
    if (claim.value !== "mine" || id === undefined || request === undefined) return;
    // The next ones are not kept waiting by it: who makes changes puts them in order.
    void this.#obey(id.slice(0, 64), request);
  }

  async #obey(id: string, request: string): Promise<void> {
    const { link, names, log } = this.#options;
    try {
      const outcome = JSON.stringify(await this.#changed(request));
      await link.run("answer", (redis) => redis.set(names.reply(id), outcome, "PX", REPLY_LASTS_MS));
    } catch (error) {
      log.error({ err: error }, "a change that another coordinator asked for was not answered");
    }
  }

  async #changed(request: string): Promise<ChangeOutcome> {
    let parsed: ChangeRequest;
    try {
      parsed = parseChangeRequest(request);
    } catch (error) {
      this.#options.log.error({ err: error }, "what another coordinator asked for is no change");
      return {
        kind: "unavailable",
        detail: "The leader does not understand the change: is it another version?",
      };
    }
    return await this.#options.change(parsed);
  }
}
