/**
 * A cluster in miniature, without sockets and without a clock: acceptors decide by `decide`, each with its own count of what it has outstanding and a table of the others' load that is renewed every 100 ms;
 * servers work on some requests at a time and let the others wait. All chance comes from one seed, so a run repeats.
 */

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
}

/** A class of requests. A request is of it if it has a cookie `class` with its name. */
export interface ClassSpec extends ClassRoute {
  /** Requests of the class that all acceptors together get; they come at random (Poisson). */
  readonly perSecond: number;
  /** Whose request it is, by a number drawn; pools that hash do it on the user. By default nobody is identified. */
  readonly user?: (draw32: number) => string;
}

export interface Scenario {
  readonly pools: readonly PoolSpec[];
  readonly classes: readonly ClassSpec[];
  readonly acceptors: number;
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

const PUBLISH_EVERY_MS = 100;

type Event =
  | { readonly kind: "arrival"; readonly class: number }
  | { readonly kind: "done"; readonly request: Sent }
  | { readonly kind: "publish" };

interface Sent {
  readonly class: number;
  readonly pool: number;
  readonly server: number;
  readonly acceptor: number;
  readonly arrivedAt: number;
}

/** A candidate while it changes; `choose` sees it through its readonly type. */
type Seen = { -readonly [Key in keyof Candidate]: Candidate[Key] } & {
  observedAt: number;
  measuredMs: number;
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

class Cluster {
  readonly #scenario: Scenario;
  readonly #rules: DecisionRules;
  readonly #chance: SeedSequence;
  readonly #seeds: SeedSequence;
  readonly #events = new EventQueue<Event>();
  readonly #acceptors: readonly (readonly SeenPool[])[];
  readonly #servers: readonly (readonly Busy[])[];
  readonly #outcomes: Outcome[] = [];
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
    this.#events.add(PUBLISH_EVERY_MS, { kind: "publish" });
    for (let next = this.#events.next(); next !== undefined; next = this.#events.next()) {
      this.#now = next.at;
      this.#happen(next.event);
    }
    return this.#outcomes;
  }

  #happen(event: Event): void {
    switch (event.kind) {
      case "arrival":
        this.#arrive(event.class);
        this.#expectArrival(event.class);
        break;
      case "done":
        this.#finish(event.request);
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
    const at = this.#now + this.#exponential(1_000 / perSecond);
    if (at < this.#scenario.durationMs) this.#events.add(at, { kind: "arrival", class: cls });
  }

  #arrive(index: number): void {
    const cls = this.#scenario.classes[index] as ClassSpec;
    const acceptor = this.#chance.next() % this.#scenario.acceptors;
    const user = cls.user?.(this.#chance.next());
    const facts = factsOf({ cookies: { class: cls.name }, ...(user === undefined ? {} : { user }) });
    const views = (pool: number) => this.#look(acceptor, pool);
    const decision = decide(facts, this.#rules, views, this.#seeds.next());
    const { pool, server } = decision.choice;
    const request: Sent = { class: decision.class, pool, server, acceptor, arrivedAt: this.#now };
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
    const { candidate, busy, spec, view } = this.#at(request);
    view.turn++;
    candidate.outstanding++;
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
    const { candidate, busy } = this.#at(request);
    const tookMs = this.#now - request.arrivedAt;
    candidate.outstanding--;
    candidate.measuredMs = observeLatency(candidate.measuredMs, candidate.observedAt, tookMs, this.#now);
    candidate.observedAt = this.#now;
    this.#outcomes.push({ ...request, tookMs });
    busy.working--;
    const next = busy.waiting.shift();
    if (next !== undefined) this.#work(next);
  }

  /** Every acceptor learns what all others together had outstanding at this moment. */
  #publish(): void {
    this.#publishedAt = this.#now;
    this.#scenario.pools.forEach((pool, p) => {
      pool.servers.forEach((_, s) => {
        const seen = this.#acceptors.map((pools) => pools[p]?.candidates[s] as Seen);
        const total = seen.reduce((sum, candidate) => sum + candidate.outstanding, 0);
        for (const candidate of seen) candidate.reported = total - candidate.outstanding;
      });
    });
    const at = this.#now + PUBLISH_EVERY_MS;
    if (at < this.#scenario.durationMs) this.#events.add(at, { kind: "publish" });
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
    reportedAgeMs: 0,
    latencyMs: 0,
    announced: 0,
    announcedAgeMs: 0,
    measuredMs: 0,
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
