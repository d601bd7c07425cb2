import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { BusNames, RedisLink } from "@shunt/core";
import type { Cluster, Redis } from "ioredis";
import type { ChangeOutcome, ChangeRequest } from "./change.ts";
import { parseChangeOutcome } from "./command-forms.ts";

/** Whoever asked waits no longer. A leader that is taken over from needs three seconds of it. */
const ANSWER_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 25;
/** Commands that nobody takes, because nobody leads; older ones are forgotten. */
const MOST_COMMANDS = 256;

export interface RemoteConfigurationOptions {
  readonly link: Pick<RedisLink<Redis | Cluster>, "run">;
  readonly names: BusNames;
}

/** Has the leader make a change, through Redis: no coordinator needs another's address. */
export class RemoteConfiguration {
  readonly #options: RemoteConfigurationOptions;

  constructor(options: RemoteConfigurationOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async change(request: ChangeRequest): Promise<ChangeOutcome> {
    const deadline = performance.now() + ANSWER_WITHIN_MS;
    const id = randomUUID();
    try {
      await this.#ask(id, request);
    } catch (error) {
      return unavailable(
        `Redis does not take the change for the leader: ${reasonOf(error)}. Look at the configuration that holds before asking again`,
      );
    }
    return await this.#answer(id, deadline);
  }

  /**
   * The time is asked for before: what a network holds back and lets through later is stamped late, and shows by this that
   * nobody waits for it any more.
   */
  async #ask(id: string, request: ChangeRequest): Promise<void> {
    const { link, names } = this.#options;
    const [seconds, micros] = await link.run("time", (redis) => redis.time());
    const asked = Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
    const fields = ["id", id, "asked", asked, "request", JSON.stringify(request)];
    await link.run("ask the leader", (redis) =>
      redis.xadd(names.commands, "MAXLEN", MOST_COMMANDS, "*", ...fields),
    );
  }

  async #answer(id: string, deadline: number): Promise<ChangeOutcome> {
    const { link, names } = this.#options;
    let failure = "no coordinator has answered: probably none leads at the moment";
    while (performance.now() < deadline) {
      await pause(LOOK_EVERY_MS);
      try {
        const answer = await link.run("hear the leader", (redis) => redis.get(names.reply(id)));
        if (answer !== null) return parseChangeOutcome(answer);
      } catch (error) {
        failure = reasonOf(error);
      }
    }
    return unavailable(
      `Within ${ANSWER_WITHIN_MS} ms ${failure}. Look at the configuration that holds before asking again`,
    );
  }
}

function unavailable(detail: string): ChangeOutcome {
  return { kind: "unavailable", detail };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
