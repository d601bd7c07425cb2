/**
 * How evenly a very large cluster spreads requests that come at random. Every choice is made by `decide`; what differs from
 * cluster.ts is that a thousand acceptors do not each have ten thousand objects: candidates look into arrays at the place
 * of the acceptor whose turn it is.
 */
import { averageReported } from "../../../packages/core/src/balance/load.ts";
import { planFor } from "../../../packages/core/src/balance/plan.ts";
import type { Candidate, PoolView } from "../../../packages/core/src/balance/view.ts";
import { compileRules } from "../../../packages/core/src/classify/compile.ts";
import { factsOf } from "../../../packages/core/src/classify/test-facts.ts";
import { UNBOUNDED } from "../../../packages/core/src/config/defaults.ts";
import { type DecisionRules, decide } from "../../../packages/core/src/decide.ts";
import { below, fraction, SeedSequence } from "../../../packages/core/src/random.ts";
import { EventQueue } from "../event-queue.ts";

export interface ImbalanceOptions {
  readonly acceptors: number;
  readonly servers: number;
  /** Requests outstanding at each server, if all have the same. */
  readonly outstanding: number;
  /** Of three servers of four; every fourth takes three times as long. */
  readonly answerMs: number;
  /** Draws servers blindly, for comparison. */
  readonly blind?: boolean;
  /** Choices that are made. The first half is not looked at. */
  readonly requests: number;
  readonly seed: number;
}

export interface Imbalance {
  /** Requests outstanding at each server: standard deviation over servers, and the most that one had; means over looks. */
  readonly deviation: number;
  readonly most: number;
  readonly mean: number;
  readonly choiceMicroseconds: number;
}

const PUBLISH_EVERY_MS = 100;

type Event =
  | { readonly kind: "arrival" }
  | { readonly kind: "answer"; readonly acceptor: number; readonly server: number }
  | { readonly kind: "publish" };

/** What acceptors know: counts of each at each server, and tables of all. */
class Knowledge {
  readonly own: Uint16Array;
  /** Of the last report. */
  readonly told: Uint16Array;
  readonly total: Uint32Array;
  readonly usual: Float64Array;
  readonly answerMs: number;
  publishedAt = 0;
  now = 0;
  /** Whose turn it is: where its counts begin. */
  at = 0;

  constructor({ acceptors, servers, answerMs }: ImbalanceOptions) {
    this.own = new Uint16Array(acceptors * servers);
    this.told = new Uint16Array(acceptors * servers);
    this.total = new Uint32Array(servers);
    this.usual = new Float64Array(servers);
    this.answerMs = answerMs;
  }
}

class Flyweight implements Candidate {
  readonly name: string;
  readonly weight = 1;
  readonly ready = true;
  readonly ramp = 1;
  readonly limit = UNBOUNDED;
  readonly room = UNBOUNDED;
  readonly announced = 0;
  readonly announcedAgeMs = 0;
  readonly #index: number;
  readonly #known: Knowledge;

  constructor(index: number, known: Knowledge) {
    this.name = `s${index}`;
    this.#index = index;
    this.#known = known;
  }

  get outstanding(): number {
    return this.#known.own[this.#known.at + this.#index] as number;
  }

  get reported(): number {
    return (this.#known.total[this.#index] as number) - this.#told;
  }

  get reportedAverage(): number {
    return Math.max(0, (this.#known.usual[this.#index] as number) - this.#told);
  }

  get #told(): number {
    return this.#known.told[this.#known.at + this.#index] as number;
  }

  get reportedAgeMs(): number {
    return this.#known.now - this.#known.publishedAt;
  }

  get latencyMs(): number {
    // Peak-sensitive averages stand well above the mean.
    return 2 * meanOf(this.#index, this.#known.answerMs);
  }
}

function meanOf(server: number, answerMs: number): number {
  return server % 4 === 3 ? 3 * answerMs : answerMs;
}

export function measureImbalance(options: ImbalanceOptions): Imbalance {
  const { acceptors, servers, outstanding, answerMs, requests } = options;
  const chance = new SeedSequence(options.seed);
  const seeds = new SeedSequence(options.seed + 1);
  const known = new Knowledge(options);
  const view = viewOf(options, known);
  const rules = rulesOf();
  const facts = factsOf({});
  const events = new EventQueue<Event>();
  const at = new Uint32Array(servers);
  // By Little's law, with the same outstanding at each server.
  const between = answerMs / (outstanding * servers * (3 / 4 + 1 / 12));
  const exponential = (mean: number) => -mean * Math.log(1 - fraction(chance.next()));
  const looks = { count: 0, deviation: 0, most: 0, mean: 0 };
  let made = 0;
  let spent = 0;
  events.add(0, { kind: "arrival" });
  events.add(PUBLISH_EVERY_MS, { kind: "publish" });
  for (let next = events.next(); next !== undefined && made < requests; next = events.next()) {
    known.now = next.at;
    const { event } = next;
    if (event.kind === "publish") {
      publish(known, servers, acceptors);
      if (made > requests / 2) look(at, looks);
      events.add(known.now + PUBLISH_EVERY_MS, event);
    } else if (event.kind === "answer") {
      (known.own[event.acceptor * servers + event.server] as number) -= 1;
      (at[event.server] as number) -= 1;
    } else {
      const acceptor = chance.next() % acceptors;
      known.at = acceptor * servers;
      const before = process.cpuUsage();
      const server = options.blind
        ? below(seeds.next(), servers)
        : decide(facts, rules, () => view, seeds.next()).choice.server;
      const { user, system } = process.cpuUsage(before);
      spent += user + system;
      made++;
      (known.own[known.at + server] as number) += 1;
      (at[server] as number) += 1;
      const meanMs = meanOf(server, answerMs);
      const took = meanMs / 2 + exponential(meanMs / 2);
      events.add(known.now + took, { kind: "answer", acceptor, server });
      events.add(known.now + exponential(between), event);
      if (made > requests / 2 && made % servers === 0) look(at, looks);
    }
  }
  const mean = looks.mean / looks.count;
  return {
    deviation: looks.deviation / looks.count,
    most: looks.most / looks.count,
    mean,
    choiceMicroseconds: spent / made,
  };
}

/** All report at the moment of the publication: what is told is then no older than the table itself. */
function publish(known: Knowledge, servers: number, acceptors: number): void {
  const elapsed = known.now - known.publishedAt;
  known.told.set(known.own);
  known.total.fill(0);
  for (let a = 0; a < acceptors; a++)
    for (let s = 0; s < servers; s++) (known.total[s] as number) += known.told[a * servers + s] as number;
  known.usual.forEach((usual, s) => {
    known.usual[s] = averageReported(usual, known.total[s] as number, elapsed);
  });
  known.publishedAt = known.now;
}

function look(
  at: Uint32Array,
  looks: { count: number; deviation: number; most: number; mean: number },
): void {
  const mean = at.reduce((sum, count) => sum + count, 0) / at.length;
  looks.count++;
  looks.mean += mean;
  looks.deviation += Math.sqrt(at.reduce((sum, count) => sum + (count - mean) ** 2, 0) / at.length);
  looks.most += at.reduce((most, count) => Math.max(most, count), 0);
}

function viewOf({ acceptors, servers }: ImbalanceOptions, known: Knowledge): PoolView {
  const candidates = Array.from({ length: servers }, (_, index) => new Flyweight(index, known));
  return {
    balance: "least-load",
    candidates,
    acceptors,
    outstandingPerServer: 1_000,
    outstandingLimit: 0,
    room: UNBOUNDED,
    turn: 0,
    plan: planFor(candidates, "least-load"),
  };
}

function rulesOf(): DecisionRules {
  return {
    compiled: compileRules([], 0),
    classes: [{ name: "all", pool: 0, spill: -1 }],
    pools: [],
  };
}
