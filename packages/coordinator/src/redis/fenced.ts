import { type Fence, leaseValue, RedisScript, type ScriptRunner } from "@shunt/core";

/** Whether whoever asked still led, in the eyes of Redis, when the script ran. */
export type FencedOutcome =
  | { readonly done: true; readonly value: unknown }
  /** Nothing was changed. `lease` is what lay there instead; undefined is nothing. */
  | { readonly done: false; readonly lease: string | undefined };

/**
 * A write of a leader: a script that changes nothing unless the lease is its caller's, holder and term. A leader that was
 * stopped or cut off, and wakes up, is refused by Redis and not by its own opinion.
 */
export class FencedScript {
  readonly #script: RedisScript;

  /** @param body Lua; its keys begin at `KEYS[2]`, its arguments at `ARGV[2]`. What it returns is the outcome's value. */
  constructor(body: string) {
    this.#script = new RedisScript(`local lease = redis.call('GET', KEYS[1])
if lease ~= ARGV[1] then return {0, lease} end
local function write()
${body}
end
return {1, write()}`);
  }

  /** @throws what the client throws: then it is not known whether anything was written. */
  async run(
    redis: ScriptRunner,
    lease: string,
    fence: Fence,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<FencedOutcome> {
    const reply = await this.#script.run(redis, [lease, ...keys], [leaseValue(fence), ...args]);
    const [done, value] = reply as [number, unknown];
    if (done === 1) return { done: true, value };
    return { done: false, lease: typeof value === "string" ? value : undefined };
  }
}
