import type { ServerLoad } from "../../../packages/core/src/contract/messages.ts";
import { AnswerTimes } from "../../../packages/core/src/health/answer-times.ts";
import { below, SeedSequence } from "../../../packages/core/src/random.ts";

/** What every acceptor of the cluster does, in the mean. */
export interface Traffic {
  readonly requestsPerSecond: number;
  /** A multiple of 100. */
  readonly answerMs: number;
}

/** Much for one acceptor, and servers that are not slow. */
export const BUSY: Traffic = { requestsPerSecond: 1_000, answerMs: 100 };
export const IDLE: Traffic = { requestsPerSecond: 0, answerMs: 100 };

export const TICK_MS = 100;

interface Used {
  outstanding: number;
  requests: number;
  readonly answers: AnswerTimes;
}

/** The loads of one acceptor, tick after tick: its requests go to servers drawn by a seed and are answered in time. */
export class TrafficOf {
  readonly #names: readonly string[];
  readonly #traffic: Traffic;
  readonly #chance: SeedSequence;
  readonly #used = new Map<number, Used>();
  /** Servers that were asked in each of the last ticks. */
  readonly #asked: number[][] = [];

  constructor(names: readonly string[], traffic: Traffic, seed: number) {
    this.#names = names;
    this.#traffic = traffic;
    this.#chance = new SeedSequence(seed);
  }

  tick(): ServerLoad[] {
    const { requestsPerSecond, answerMs } = this.#traffic;
    const requests = (requestsPerSecond * TICK_MS) / 1_000;
    const asked = Array.from({ length: requests }, () => below(this.#chance.next(), this.#names.length));
    for (const server of asked) {
      const used = this.#at(server);
      used.outstanding++;
      used.requests++;
    }
    this.#asked.push(asked);
    const answered = this.#asked.length > answerMs / TICK_MS ? (this.#asked.shift() ?? []) : [];
    for (const server of answered) {
      const used = this.#at(server);
      used.outstanding--;
      used.answers.note(answerMs * (0.5 + (this.#chance.next() % 1_000) / 1_000));
    }
    return Array.from(this.#used, ([server, used]) => this.#loadOf(server, used));
  }

  #at(server: number): Used {
    const known = this.#used.get(server);
    if (known !== undefined) return known;
    const used = { outstanding: 0, requests: 0, answers: new AnswerTimes() };
    this.#used.set(server, used);
    return used;
  }

  #loadOf(server: number, { outstanding, requests, answers }: Used): ServerLoad {
    return {
      server: this.#names[server] as string,
      outstanding,
      latencyMs: 100.123 + (requests % 50),
      requests,
      failures: 0,
      connections: 4,
      errors: 0,
      ejected: false,
      ...(answers.sumMs === 0 ? {} : { answers: answers.counts, answerMs: Math.round(answers.sumMs) }),
    };
  }
}
