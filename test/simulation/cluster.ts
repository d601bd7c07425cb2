/**
 * A cluster in miniature, without sockets and without a clock: acceptors decide by `decide`, each with its own count of
 * what it has outstanding and a table of the others' load. Each reports every 100 ms at a moment of its own, and every
 * 100 ms the sums of the last reports are published, as between real processes;
 * servers work on some requests at a time and let the others wait. All chance comes from one seed, so a run repeats.
 */

import { averageReported } from "../../packages/core/src/balance/load.ts";
import { planFor } from "../../packages/core/src/balance/plan.ts";
import type { Candidate, PoolView } from "../../packages/core/src/balance/view.ts";
import { compileRules } from "../../packages/core/src/classify/compile.ts";
import { factsOf } from "../../packages/core/src/classify/test-facts.ts";
import { DEFAULT_HEALTH, UNBOUNDED } from "../../packages/core/src/config/defaults.ts";
import type {
  BalanceName,
  ClassRoute,
  ResolvedPool,
  ResolvedRule,
} from "../../packages/core/src/config/resolved.ts";
import { type DecisionRules, decide } from "../../packages/core/src/decide.ts";
import { decayedLatency, observeLatency } from "../../packages/core/src/health/latency.ts";
import { fraction, SeedSequence } from "../../packages/core/src/random.ts";
import { EventQueue } from "./event-queue.ts";

export interface ServerSpec {
  readonly name: string;
  /** @default 1 */
  readonly weight?: number;
  /** Mean time in milliseconds that it works on a request at the moment `now`. */
  readonly answerMs: (now: number) => number;
  /** Requests that it works on at a time; the others wait in the order in which they came. */
  readonly concurrency: number;
}

export interface PoolSpec {
  readonly balance: BalanceName;
  readonly servers: readonly ServerSpec[];
  /** @default 0, no limit */
  readonly outstandingLimit?: number;
  /** @default true */
  readonly sharedLoad?: boolean;
}

/** A class of requests. A request is of it if it has a cookie `class` with its name. */
export interface ClassSpec extends ClassRoute {
  /** Requests of the class that all acceptors together get; they come at random (Poisson). */
  readonly perSecond: number;
  /**
   * Clients that send their next request as soon as they have their answer, each over one connection.
   * @default 0
   */
  readonly clients?: number;
  /** Whose request it is, by a number drawn; pools that hash do it on the user. By default nobody is identified. */
  readonly user?: (draw32: number) => string;
}

export interface Scenario {
  readonly pools: readonly PoolSpec[];
  readonly classes: readonly ClassSpec[];
  readonly acceptors: number;
  /**
   * How much each acceptor gets, of requests that come at random and of clients, in proportion.
   * @default all the same
   */
  readonly placement?: readonly number[];
  /**
   * Mean milliseconds on each way between an acceptor and a server, and from an answer to the client's next request: a
   * machine that is busy with other things. By chance, exponentially.
   * @default 0
   */
  readonly awayMs?: number;
  /** Requests come for this long, in milliseconds; then what is outstanding is finished. */
  readonly durationMs: number;
  readonly seed: number;
}

/** One request and how it went. Times in milliseconds. */
export interface Outcome {
  readonly class: number;
  /** -1: nobody took it. */
  readonly pool: number;
  readonly server: number;
  readonly arrivedAt: number;
  readonly tookMs: number;
}

/** What servers had outstanding from all acceptors together, looked at again and again after a time to settle. */
export interface Spread {
  /** Mean distance between the server with the most and the one with the least. */
  readonly range: number;
  /** Mean of the standard deviation over servers. */
  readonly deviation: number;
  /** Distance between the servers that had the most and the least over the whole time. */
  readonly lasting: number;
  /** Mean over servers and time. */
  readonly mean: number;
}

const REPORT_EVERY_MS = 100;
const PUBLISH_EVERY_MS = 100;
/** No multiple of the others, so that nobody is always looked at right after a publication. */
const LOOK_EVERY_MS = 7.3;
/** Averages of reports, and what follows from them, have found their place by then. */
export const SETTLE_MS = 5_000;

type Event =
  | { readonly kind: "arrival"; readonly class: number }
  | { readonly kind: "next"; readonly class: number; readonly acceptor: number }
  | { readonly kind: "report"; readonly acceptor: number }
  | { readonly kind: "look" }
  | { readonly kind: "there"; readonly request: Sent }
  | { readonly kind: "done"; readonly request: Sent }
  | { readonly kind: "back"; readonly request: Sent }
  | { readonly kind: "publish" };

interface Sent {
  readonly class: number;
  readonly pool: number;
  readonly server: number;
  readonly acceptor: number;
  readonly arrivedAt: number;
  /** It comes from one of the clients that send the next one then. */
  readonly again: boolean;
}

/** A candidate while it changes; `choose` sees it through its readonly type. */
type Seen = { -readonly [Key in keyof Candidate]: Candidate[Key] } & {
  observedAt: number;
  measuredMs: number;
  /** Outstanding as last reported. */
  told: number;
};

interface SeenPool {
  readonly candidates: readonly Seen[];
  readonly view: { -readonly [Key in keyof PoolView]: PoolView[Key] };
}

interface Busy {
  working: number;
  readonly waiting: Sent[];
}

export function simulate(scenario: Scenario): Outcome[] {
  return new Cluster(scenario).run();
}

/** How evenly the servers of the first pool are loaded, and how long their answers take. */
export function simulateSpread(scenario: Scenario): { outcomes: Outcome[]; spread: Spread } {
  const cluster = new Cluster(scenario);
  const outcomes = cluster.run();
  return { outcomes, spread: cluster.spread() };
}

class Cluster {
  readonly #scenario: Scenario;
  readonly #rules: DecisionRules;
  readonly #chance: SeedSequence;
  readonly #seeds: SeedSequence;
  readonly #events = new EventQueue<Event>();
  readonly #acceptors: readonly (readonly SeenPool[])[];
  readonly #servers: readonly (readonly Busy[])[];
  readonly #outcomes: Outcome[] = [];
  /** Sums over all looks: of the range, of the deviation, and of each server's requests. */
  readonly #looks = { count: 0, range: 0, deviation: 0, each: [] as number[] };
  #now = 0;
  #publishedAt = 0;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#rules = rulesOf(scenario);
    this.#chance = new SeedSequence(scenario.seed);
    this.#seeds = new SeedSequence(scenario.seed + 1);
    this.#acceptors = Array.from({ length: scenario.acceptors }, () =>
      scenario.pools.map((pool) => seenPool(pool, scenario.acceptors)),
    );
    this.#servers = scenario.pools.map((pool) => pool.servers.map(() => ({ working: 0, waiting: [] })));
  }

  run(): Outcome[] {
    this.#scenario.classes.forEach((_, cls) => {
      this.#expectArrival(cls);
    });
    this.#scenario.classes.forEach(({ clients = 0 }, cls) => {
      for (let i = 0; i < clients; i++) {
        const acceptor = this.#placed((i + 0.5) / clients);
        this.#events.add(fraction(this.#chance.next()) * 50, { kind: "next", class: cls, acceptor });
      }
    });
    for (let acceptor = 0; acceptor < this.#scenario.acceptors; acceptor++) {
      const at = (REPORT_EVERY_MS * (acceptor + 1)) / this.#scenario.acceptors;
      this.#events.add(at, { kind: "report", acceptor });
    }
    this.#events.add(PUBLISH_EVERY_MS, { kind: "publish" });
    this.#events.add(SETTLE_MS, { kind: "look" });
    for (let next = this.#events.next(); next !== undefined; next = this.#events.next()) {
      this.#now = next.at;
      this.#happen(next.event);
    }
    return this.#outcomes;
  }

  #happen(event: Event): void {
    switch (event.kind) {
      case "arrival":
        this.#arrive(event.class, this.#placed(fraction(this.#chance.next())), false);
        this.#expectArrival(event.class);
        break;
      case "next":
        this.#arrive(event.class, event.acceptor, true);
        break;
      case "report":
        this.#report(event.acceptor);
        break;
      case "look":
        this.#lookAtSpread();
        break;
      case "there":
        this.#begin(event.request);
        break;
      case "done":
        this.#finish(event.request);
        break;
      case "back":
        this.#settle(event.request);
        break;
      case "publish":
        this.#publish();
        break;
      default:
        event satisfies never;
    }
  }

  #expectArrival(cls: number): void {
    const { perSecond } = this.#scenario.classes[cls] as ClassSpec;
    if (perSecond === 0) return;
    const at = this.#now + this.#exponential(1_000 / perSecond);
    if (at < this.#scenario.durationMs) this.#events.add(at, { kind: "arrival", class: cls });
  }

  /** The acceptor at `share` (0 .. 1) of all that they get laid end to end. */
  #placed(share: number): number {
    const { acceptors, placement } = this.#scenario;
    if (placement === undefined) return Math.floor(share * acceptors);
    let rest = share * placement.reduce((sum, part) => sum + part, 0);
    const index = placement.findIndex((part) => {
      rest -= part;
      return rest < 0;
    });
    return index < 0 ? acceptors - 1 : index;
  }

  #arrive(index: number, acceptor: number, again: boolean): void {
    const cls = this.#scenario.classes[index] as ClassSpec;
    const user = cls.user?.(this.#chance.next());
    const facts = factsOf({ cookies: { class: cls.name }, ...(user === undefined ? {} : { user }) });
    const views = (pool: number) => this.#look(acceptor, pool);
    const decision = decide(facts, this.#rules, views, this.#seeds.next());
    const { pool, server } = decision.choice;
    const request: Sent = { class: decision.class, pool, server, acceptor, arrivedAt: this.#now, again };
    if (server < 0) this.#outcomes.push({ ...request, tookMs: 0 });
    else this.#send(request);
  }

  /** The pool as the acceptor sees it now: the published table has aged, and so have measured latencies. */
  #look(acceptor: number, pool: number): PoolView | undefined {
    const seen = this.#acceptors[acceptor]?.[pool];
    for (const candidate of seen?.candidates ?? []) {
      candidate.reportedAgeMs = this.#now - this.#publishedAt;
      candidate.latencyMs = decayedLatency(candidate.measuredMs, candidate.observedAt, this.#now);
    }
    return seen?.view;
  }

  #send(request: Sent): void {
    const { candidate, view } = this.#at(request);
    view.turn++;
    candidate.outstanding++;
    this.#travel({ kind: "there", request });
  }

  #travel(event: Event): void {
    const away = this.#away();
    if (away === 0) this.#happen(event);
    else this.#events.add(this.#now + away, event);
  }

  #away(): number {
    const { awayMs = 0 } = this.#scenario;
    return awayMs === 0 ? 0 : this.#exponential(awayMs);
  }

  #begin(request: Sent): void {
    const { busy, spec } = this.#at(request);
    if (busy.working < spec.concurrency) this.#work(request);
    else busy.waiting.push(request);
  }

  #work(request: Sent): void {
    const { busy, spec } = this.#at(request);
    busy.working++;
    // Half of the answer time is always the same, the other half is chance: p99 alone is 2.8 times the mean
    const mean = spec.answerMs(this.#now);
    this.#events.add(this.#now + mean / 2 + this.#exponential(mean / 2), { kind: "done", request });
  }

  #finish(request: Sent): void {
    const { busy } = this.#at(request);
    busy.working--;
    this.#travel({ kind: "back", request });
    const next = busy.waiting.shift();
    if (next !== undefined) this.#work(next);
  }

  #settle(request: Sent): void {
    const { candidate } = this.#at(request);
    const tookMs = this.#now - request.arrivedAt;
    candidate.outstanding--;
    candidate.measuredMs = observeLatency(candidate.measuredMs, candidate.observedAt, tookMs, this.#now);
    candidate.observedAt = this.#now;
    this.#outcomes.push({ ...request, tookMs });
    if (request.again && this.#now < this.#scenario.durationMs) {
      const next = { kind: "next", class: request.class, acceptor: request.acceptor } as const;
      this.#events.add(this.#now + 0.3 + this.#away(), next);
    }
  }

  #report(acceptor: number): void {
    for (const { candidates } of this.#acceptors[acceptor] ?? [])
      for (const candidate of candidates) candidate.told = candidate.outstanding;
    this.#again(REPORT_EVERY_MS, { kind: "report", acceptor });
  }

  /** Every acceptor learns what all others together had outstanding when they reported last. */
  #publish(): void {
    const elapsed = this.#now - this.#publishedAt;
    this.#publishedAt = this.#now;
    this.#scenario.pools.forEach((pool, p) => {
      pool.servers.forEach((_, s) => {
        const seen = this.#acceptors.map((pools) => pools[p]?.candidates[s] as Seen);
        const total = seen.reduce((sum, candidate) => sum + candidate.told, 0);
        if (pool.sharedLoad === false) return;
        for (const candidate of seen) {
          candidate.reported = total - candidate.told;
          const { reportedAverage, reported } = candidate;
          candidate.reportedAverage = averageReported(reportedAverage, reported, elapsed);
        }
      });
    });
    this.#again(PUBLISH_EVERY_MS, { kind: "publish" });
  }

  #again(ms: number, event: Event): void {
    if (this.#now + ms < this.#scenario.durationMs) this.#events.add(this.#now + ms, event);
  }

  #lookAtSpread(): void {
    const looks = this.#looks;
    const each = (this.#servers[0] ?? []).map(({ working, waiting }) => working + waiting.length);
    const mean = each.reduce((sum, count) => sum + count, 0) / each.length;
    looks.count++;
    looks.range += Math.max(...each) - Math.min(...each);
    looks.deviation += Math.sqrt(each.reduce((sum, count) => sum + (count - mean) ** 2, 0) / each.length);
    each.forEach((count, server) => {
      looks.each[server] = (looks.each[server] ?? 0) + count;
    });
    this.#again(LOOK_EVERY_MS, { kind: "look" });
  }

  spread(): Spread {
    const { count, range, deviation, each } = this.#looks;
    const usual = each.map((sum) => sum / count);
    return {
      range: range / count,
      deviation: deviation / count,
      lasting: Math.max(...usual) - Math.min(...usual),
      mean: usual.reduce((sum, one) => sum + one, 0) / usual.length,
    };
  }

  #at(request: Sent) {
    const { acceptor, pool, server } = request;
    const seen = this.#acceptors[acceptor]?.[pool] as SeenPool;
    return {
      view: seen.view,
      candidate: seen.candidates[server] as Seen,
      busy: this.#servers[pool]?.[server] as Busy,
      spec: this.#scenario.pools[pool]?.servers[server] as ServerSpec,
    };
  }

  #exponential(mean: number): number {
    return -mean * Math.log(1 - fraction(this.#chance.next()));
  }
}

/** A rule for each class; a request that matches none would be of the last. */
function rulesOf({ classes, pools }: Scenario): DecisionRules {
  const rules = classes.map(
    ({ name }, index): ResolvedRule => ({
      name,
      when: { kind: "test", on: { fact: "cookie", name: "class" }, matcher: { kind: "equal", value: name } },
      class: index,
    }),
  );
  const resolved = pools.map(
    ({ balance }, index): ResolvedPool => ({
      name: `pool ${index}`,
      servers: [],
      balance,
      hashOn: balance === "hash" ? { on: "user" } : undefined,
      share: "off",
      proxyProtocol: "off",
      sharedLoad: true,
      announcedLoad: undefined,
      health: DEFAULT_HEALTH,
    }),
  );
  return { compiled: compileRules(rules, classes.length - 1), classes, pools: resolved };
}

function seenPool(spec: PoolSpec, acceptors: number): SeenPool {
  const candidates = spec.servers.map(({ name, weight = 1 }) => ({
    name,
    weight,
    ramp: 1,
    ready: true,
    outstanding: 0,
    reported: 0,
    reportedAverage: 0,
    reportedAgeMs: 0,
    latencyMs: 0,
    announced: 0,
    announcedAgeMs: 0,
    measuredMs: 0,
    told: 0,
    observedAt: 0,
    limit: UNBOUNDED,
    room: UNBOUNDED,
  }));
  const view = {
    balance: spec.balance,
    candidates,
    acceptors,
    outstandingPerServer: 1_000,
    outstandingLimit: spec.outstandingLimit ?? 0,
    room: UNBOUNDED,
    turn: 0,
    plan: planFor(candidates, spec.balance),
  };
  return { candidates, view };
}

/** The value that `part` (0 .. 1) of the numbers do not exceed; NaN when there are none. */
export function quantile(numbers: readonly number[], part: number): number {
  const sorted = Float64Array.from(numbers).sort();
  return sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN;
}
