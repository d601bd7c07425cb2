import {
  type BalancePlan,
  type Choice,
  ChoiceTrace,
  chooseForClass,
  ejectionsIgnored,
  mayEject,
  newChoice,
  type PoolView,
  type PublishedLoad,
  planFor,
  type ResolvedClass,
  type ResolvedPool,
  type SeedSequence,
  type Snapshot,
} from "@shunt/core";
import { Backend } from "../connect/backend.ts";
import { Attempt } from "../track/attempt.ts";
import type { Exchange } from "../track/exchange.ts";

/** One pool as balancers see it: its servers of this snapshot, with the loads of now. */
class Pool implements PoolView {
  readonly balance: ResolvedPool["balance"];
  readonly candidates: readonly Backend[];
  readonly outstandingPerServer: number;
  readonly outstandingLimit: number;
  readonly plan: BalancePlan;
  acceptors: number;
  /** Begins anywhere: acceptors that all began at 0 would take the same turns together. */
  turn: number;

  constructor(
    pool: ResolvedPool,
    candidates: readonly Backend[],
    outstandingPerServer: number,
    acceptors: number,
    turn: number,
  ) {
    this.balance = pool.balance;
    this.candidates = candidates;
    this.outstandingPerServer = outstandingPerServer;
    this.outstandingLimit = pool.outstanding;
    this.plan = planFor(pool.servers, pool.balance);
    this.acceptors = acceptors;
    this.turn = turn;
  }
}

/** The pools of one snapshot. */
interface Generation {
  readonly snapshot: Snapshot;
  readonly pools: readonly Pool[];
  readonly view: (pool: number) => Pool | undefined;
}

/**
 * Which server takes a request: the class from the verdict, the servers from the exchange's snapshot, the loads of
 * this moment. Servers outlive snapshots, so that their loads and connections do.
 */
export class Selector {
  readonly #backends = new Map<string, Backend>();
  readonly #clock: () => number;
  readonly #seeds: SeedSequence;
  readonly #trace = new ChoiceTrace();
  readonly #choice: Choice = newChoice();
  /** By generation; those that no exchange keeps any more are forgotten with the third that follows. */
  readonly #generations = new Map<number, Generation>();
  #latest!: Generation;
  #acceptors = 1;

  constructor(snapshot: Snapshot, seeds: SeedSequence, clock: () => number) {
    this.#clock = clock;
    this.#seeds = seeds;
    this.#acceptors = snapshot.config.acceptors;
    this.adopt(snapshot);
  }

  /** Servers known to the latest snapshot, and those that still answer requests of an older one. */
  get backends(): Iterable<Backend> {
    return this.#backends.values();
  }

  /** Takes a new snapshot for what begins from now on. */
  adopt(snapshot: Snapshot): void {
    const { config } = snapshot;
    const pools = config.pools.map((pool) => {
      const candidates = pool.servers.map((server) => this.#backendOf(pool.name, server));
      return new Pool(
        pool,
        candidates,
        config.limits.outstandingPerServer,
        this.#acceptors,
        this.#seeds.next(),
      );
    });
    this.#latest = { snapshot, pools, view: (pool) => pools[pool] };
    this.#generations.set(snapshot.generation, this.#latest);
    this.#forget();
  }

  /** What the other acceptors have outstanding, as the coordinator last told. */
  applyLoad(acceptors: number, servers: readonly PublishedLoad[]): void {
    this.#acceptors = Math.max(1, acceptors);
    for (const { pools } of this.#generations.values())
      for (const pool of pools) pool.acceptors = this.#acceptors;
    const now = this.#clock();
    for (const { server, outstanding } of servers) {
      const backend = this.#backends.get(server);
      if (backend === undefined) continue;
      backend.reported = outstanding;
      backend.reportedAt = now;
    }
  }

  /**
   * Takes a ticket at the server that suits the exchange, or returns undefined when nobody takes it: the class's own
   * pool first, then its spill pool, no other ever (claims C7 to C9).
   */
  select(exchange: Exchange): Attempt | undefined {
    const { snapshot, affinity, tried } = exchange;
    const generation = this.#generations.get(snapshot.generation) ?? this.#latest;
    const cls = snapshot.config.classes[exchange.class] as ResolvedClass;
    const choice = this.#choice;
    const seed = this.#seeds.next();
    if (!chooseForClass(cls, generation.view, seed, affinity, tried, choice, this.#trace)) return undefined;
    const pool = generation.pools[choice.pool] as Pool;
    pool.turn++;
    const backend = pool.candidates[choice.server] as Backend;
    backend.noteRequest();
    return new Attempt(exchange, backend, seed, choice.spilled, this.#compared(), this.#clock());
  }

  /** Notes that the server has failed the exchange: the next choice passes it over. */
  exclude(attempt: Attempt): void {
    const { exchange, backend, spilled } = attempt;
    const generation = this.#generations.get(exchange.snapshot.generation) ?? this.#latest;
    const cls = exchange.snapshot.config.classes[exchange.class] as ResolvedClass;
    const index = generation.pools[spilled ? cls.spill : cls.pool]?.candidates.indexOf(backend) ?? -1;
    if (index < 0) return;
    const { pool, spill } = exchange.tried;
    exchange.tried = spilled ? { pool, spill: [...spill, index] } : { pool: [...pool, index], spill };
  }

  /** Whether a server may be ejected: never the last of its pool that is ready. */
  mayEject(backend: Backend): boolean {
    const pool = this.#latest.pools.find(({ candidates }) => candidates.includes(backend));
    return pool !== undefined && mayEject(pool.candidates, pool.candidates.indexOf(backend));
  }

  /** Lets time pass for servers that are ejected or probed. Called with every tick of the wheel. */
  refresh(): void {
    for (const { candidates } of this.#latest.pools) {
      if (candidates.every((backend) => !backend.ejected)) continue;
      const ignored = ejectionsIgnored(candidates);
      for (const backend of candidates) backend.refresh(ignored);
    }
  }

  #compared(): number[] {
    const { kept, candidates, scores } = this.#trace;
    const compared: number[] = [];
    for (let i = 0; i < kept; i++) compared.push(candidates[i] as number, scores[i] as number);
    return compared;
  }

  /** The same name at the same address is the same server; a name that moved is another. */
  #backendOf(pool: string, server: ResolvedPool["servers"][number]): Backend {
    const id = `${pool}/${server.name}`;
    const known = this.#backends.get(id);
    if (known !== undefined && known.host === server.host && known.port === server.port) {
      known.update(server);
      return known;
    }
    const backend = new Backend(pool, server, this.#clock);
    this.#backends.set(id, backend);
    return backend;
  }

  #forget(): void {
    const kept = [...this.#generations.keys()].sort((a, b) => b - a).slice(0, 8);
    for (const generation of this.#generations.keys())
      if (!kept.includes(generation)) this.#generations.delete(generation);
    const named = new Set(
      [...this.#generations.values()].flatMap(({ pools }) => pools.flatMap((p) => p.candidates)),
    );
    for (const [id, backend] of this.#backends) if (!named.has(backend)) this.#backends.delete(id);
  }
}
