import {
  type BusNames,
  DecodeError,
  decodeRegistration,
  isNewer,
  type RedisLink,
  type Registration,
  type SnapshotVersion,
} from "@shunt/core";
import type { Cluster, Redis } from "ioredis";

export interface RegistrationsOptions {
  readonly link: Pick<RedisLink<Redis | Cluster>, "run">;
  readonly names: BusNames;
}

/** What acceptors have registered: it survives in them what Redis may have lost. */
export class Registrations {
  readonly #options: RegistrationsOptions;

  constructor(options: RegistrationsOptions) {
    this.#options = options;
  }

  /** That an acceptor was ever told of. */
  async highestTerm(): Promise<number> {
    return Math.max(0, ...(await this.#all()).map(({ highestTerm, term }) => Math.max(highestTerm, term)));
  }

  /** The newest snapshot that an acceptor holds. */
  async newest(): Promise<SnapshotVersion> {
    let newest: SnapshotVersion = { term: 0, generation: 0 };
    for (const { term, generation } of await this.#all())
      if (isNewer({ term, generation }, newest)) newest = { term, generation };
    return newest;
  }

  async #all(): Promise<readonly Registration[]> {
    const { link, names } = this.#options;
    const found = await link.run("read registrations", async (redis) => {
      const ids = await redis.smembers(names.acceptors);
      return ids.length === 0 ? [] : await redis.mget(ids.map((id) => names.acceptor(id)));
    });
    return found.flatMap((value) => (value === null ? [] : readable(value)));
  }
}

/** What cannot be read says nothing; whoever reads what acceptors say has told it. */
function readable(value: string): [Registration] | [] {
  try {
    return [decodeRegistration(value)];
  } catch (error) {
    if (error instanceof DecodeError) return [];
    throw error;
  }
}
