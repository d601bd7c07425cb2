import { createHash } from "node:crypto";

/** The part of a Redis client that runs scripts. */
export interface ScriptRunner {
  evalsha(sha: string, keys: number, ...args: (string | number)[]): Promise<unknown>;
  eval(lua: string, keys: number, ...args: (string | number)[]): Promise<unknown>;
}

/** A script that Redis runs as one step. It is sent by its digest, and whole only to a Redis that does not know it yet. */
export class RedisScript {
  readonly lua: string;
  readonly #sha: string;

  constructor(lua: string) {
    this.lua = lua;
    this.#sha = createHash("sha1").update(lua).digest("hex");
  }

  async run(
    redis: ScriptRunner,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    try {
      return await redis.evalsha(this.#sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!isUnknown(error)) throw error;
      return await redis.eval(this.lua, keys.length, ...keys, ...args);
    }
  }
}

const isUnknown = (error: unknown): boolean => error instanceof Error && error.message.startsWith("NOSCRIPT");
