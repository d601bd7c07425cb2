import {
  type BalancePlan,
  type Choice,
  ChoiceTrace,
  chooseForClass,
  isNewer,
  newChoice,
  type Planned,
  type PoolView,
  type PublishedLoad,
  planAgain,
  poolRefusal,
  type ResolvedClass,
  type ResolvedPool,
  type ResolvedServer,
  type SeedSequence,
  type ServerHealth,
  type Snapshot,
  type SnapshotVersion,
} from "@shunt/core";
import { Backend, type Moment } from "../connect/backend.ts";
import { Attempt } from "../track/attempt.ts";
import type { Exchange } from "../track/exchange.ts";
import { type HealthWatcher, NOBODY_WATCHES, PoolHealth } from "./pool-health.ts";
import type { Share, Shares } from "./shares.ts";

/** What the pools of all generations share: how many acceptors there are. */
interface Fleet {
  acceptors: number;
}

/** One pool as balancers see it: its servers of this snapshot, with the loads of now. */
class Pool implements PoolView {
  readonly balance: ResolvedPool["balance"];
  readonly candidates: readonly Backend[];
  readonly outstandingPerServer: number;
  readonly outstandingLimit: number;
  readonly planned: Planned;
  readonly plan: BalancePlan;
  /** Begins anywhere: acceptors that all began at 0 would take the same turns together. */
  turn: number;
  /** Of a limit of the whole cluster. Servers may have such limits of their own. */
  readonly share: Share;
  readonly limitsServers: boolean;
  readonly health: PoolHealth;
  readonly #fleet: Fleet;

  constructor(
    pool: ResolvedPool,
    candidates: readonly Backend[],
    outstandingPerServer: number,
    share: Share,
    fleet: Fleet,
    turn: number,
    health: PoolHealth,
    before: Pool | undefined,
  ) {
    this.balance = pool.balance;
    this.candidates = candidates;
    this.outstandingPerServer = outstandingPerServer;
    this.outstandingLimit = pool.limit?.scope === "acceptor" ? pool.limit.outstanding : 0;
    this.share = share;
    this.limitsServers = pool.servers.some(({ limit }) => limit?.scope === "cluster");
    this.planned = planAgain(before?.planned, pool.servers, pool.balance);
    this.plan = this.planned.plan;
    this.turn = turn;
    this.health = health;
    this.#fleet = fleet;
  }

  get acceptors(): number {
    return this.#fleet.acceptors;
  }

  get room(): number {
    return this.share.room;
  }

  /** Notes that nobody here took a request, where only shares were in its way: more of them are wanted. */
  noteRefused(): void {
    if (this.share.room <= 0) this.share.refuse();
    else for (const { ready, share } of this.candidates) if (ready && share.room <= 0) share.refuse();
  }

  /** Notes that one of the others took a request: shares that are used up are too small, though nobody was refused. */
  notePassedOver(): void {
    for (const { ready, share } of this.candidates) if (ready && share.room <= 0) share.passOver();
  }
}

/** The pools of one snapshot. */
interface Generation {
  readonly version: SnapshotVersion;
  readonly pools: readonly Pool[];
  readonly view: (pool: number) => Pool | undefined;
}

/** Before the first snapshot: nobody takes a request. */
const NOBODY: Generation = Object.freeze({
  version: { term: -1, generation: -1 },
  pools: [],
  view: () => undefined,
});
const NOTHING_COMPARED: readonly number[] = Object.freeze([]);

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
  readonly #moment: Moment = { now: 0 };
  readonly #fleet: Fleet;
  readonly #shares: Shares;
  /** As long as an exchange keeps a snapshot, it is served by the pools of that one and no other. */
  readonly #generations = new WeakMap<Snapshot, Generation>();
  readonly #watcher: HealthWatcher;
  /** What active checks found, as it was told last. */
  #checks: ReadonlyMap<string, ServerHealth> = new Map();
  #latest = NOBODY;

  constructor(
    snapshot: Snapshot,
    seeds: SeedSequence,
    clock: () => number,
    shares: Shares,
    watcher: HealthWatcher = NOBODY_WATCHES,
  ) {
    this.#clock = clock;
    this.#watcher = watcher;
    this.#shares = shares;
    this.#seeds = seeds;
    this.#fleet = { acceptors: snapshot.config.acceptors };
    this.adopt(snapshot);
  }

  /** Servers of the latest snapshot, and those of older ones that still answer requests; as they are now. */
  get backends(): Iterable<Backend> {
    this.#moment.now = this.#clock();
    return this.#backends.values();
  }

  /** Takes a new snapshot for what begins from now on. One that is older than the latest is ignored. */
  adopt(snapshot: Snapshot): void {
    if (!isNewer(snapshot, this.#latest.version)) return;
    const { pools, limits } = snapshot.config;
    const before = new Map(this.#latest.pools.map((pool) => [pool.health.name, pool]));
    const views = pools.map((pool) => {
      const candidates = pool.servers.map((server) => this.#backendOf(pool, server));
      const share = this.#shares.of(pool.name);
      const last = before.get(pool.name);
      const health = new PoolHealth(pool, candidates, this.#watcher, last?.health);
      const turn = this.#seeds.next();
      return new Pool(pool, candidates, limits.outstandingPerServer, share, this.#fleet, turn, health, last);
    });
    this.#shares.adopt(pools);
    const { term, generation } = snapshot;
    this.#latest = { version: { term, generation }, pools: views, view: (pool) => views[pool] };
    this.#generations.set(snapshot, this.#latest);
    this.#judge();
    this.#retire();
  }

  /** What active checks find, as the coordinator last told: all servers that are checked. */
  applyHealth(servers: readonly ServerHealth[]): void {
    this.#checks = new Map(servers.map((each) => [each.server, each]));
    this.#judge();
  }

  /** Pools so few of whose servers are available that all get requests. */
  get poolsInPanic(): number {
    return this.#latest.pools.filter(({ health }) => health.panic).length;
  }

  /** What the other acceptors have outstanding, as the coordinator last told. */
  applyLoad(acceptors: number, servers: readonly PublishedLoad[]): void {
    this.#fleet.acceptors = Math.max(1, acceptors);
    for (const { server, outstanding, announced } of servers)
      this.#backends.get(server)?.noteReported(outstanding, announced);
  }

  /**
   * Takes a ticket at the server that suits the exchange, or returns undefined when nobody takes it: the class's own
   * pool first, then its spill pool, no other ever (claims C7 to C9).
   */
  select(exchange: Exchange, now: number = this.#clock()): Attempt | undefined {
    const generation = this.#generationOf(exchange);
    const { snapshot, affinity, tried } = exchange;
    const cls = snapshot.config.classes[exchange.class] as ResolvedClass;
    this.#moment.now = now;
    this.#shares.expire(now);
    const bound = this.#selectBound(exchange, generation, cls);
    if (bound !== undefined) return bound;
    const choice = this.#choice;
    const seed = this.#seeds.next();
    const chosen = chooseForClass(cls, generation.view, seed, affinity, tried, choice, this.#trace);
    if (!chosen || choice.spilled) generation.pools[cls.pool]?.noteRefused();
    if (!chosen) {
      generation.pools[cls.spill]?.noteRefused();
      const own = generation.pools[cls.pool];
      exchange.unserved = own === undefined ? undefined : poolRefusal(own, tried.pool);
      return undefined;
    }
    const pool = generation.pools[choice.pool] as Pool;
    pool.turn++;
    if (pool.limitsServers) pool.notePassedOver();
    const backend = pool.candidates[choice.server] as Backend;
    backend.noteRequest();
    return new Attempt(exchange, backend, seed, choice.spilled, this.#compared(), now);
  }

  /** Notes that the server has failed the exchange: the next choice passes it over. */
  exclude(attempt: Attempt): void {
    const { exchange, backend, spilled } = attempt;
    const generation = this.#generationOf(exchange);
    const cls = exchange.snapshot.config.classes[exchange.class] as ResolvedClass;
    const index = generation.pools[spilled ? cls.spill : cls.pool]?.candidates.indexOf(backend) ?? -1;
    if (index < 0) return;
    const { pool, spill } = exchange.tried;
    exchange.tried = spilled ? { pool, spill: [...spill, index] } : { pool: [...pool, index], spill };
  }

  /** Whether a server may be ejected for failures in a row: never the last of its pool that is available. */
  mayEject(backend: Backend): boolean {
    const pool = this.#latest.pools.find(({ candidates }) => candidates.includes(backend));
    return pool?.health.mayEject(backend) ?? false;
  }

  /** Lets time pass. Called with every tick of the wheel. */
  refresh(): void {
    const now = this.#clock();
    for (const { health } of this.#latest.pools) health.refresh(now);
    this.#forget();
  }

  #judge(): void {
    const now = this.#clock();
    for (const { health } of this.#latest.pools) health.judge(this.#checks, now);
  }

  /** Requests may be judged by a snapshot a moment before it is adopted here; then that is done now. */
  #generationOf({ snapshot }: Exchange): Generation {
    if (!this.#generations.has(snapshot)) this.adopt(snapshot);
    return this.#generations.get(snapshot) ?? NOBODY;
  }

  /**
   * Credentials that belong to a connection hold at its server alone (NTLM, Negotiate): that one is asked again as long
   * as it takes requests and the class of the request lets it. A server in drain does, of those that it knows.
   */
  #selectBound(exchange: Exchange, { pools }: Generation, cls: ResolvedClass): Attempt | undefined {
    const backend = exchange.client.own.boundTo;
    if (backend === undefined || !backend.takesBound) return undefined;
    if (backend.share.room <= 0 || backend.poolShare.room <= 0) return undefined;
    const { tried } = exchange;
    const inOwn = pools[cls.pool]?.candidates.indexOf(backend) ?? -1;
    const inSpill = pools[cls.spill]?.candidates.indexOf(backend) ?? -1;
    if ((inOwn < 0 || tried.pool.includes(inOwn)) && (inSpill < 0 || tried.spill.includes(inSpill)))
      return undefined;
    backend.noteRequest();
    return new Attempt(exchange, backend, this.#seeds.next(), inOwn < 0, NOTHING_COMPARED, this.#clock());
  }

  #compared(): readonly number[] {
    const { kept, candidates, scores } = this.#trace;
    if (kept === 0) return NOTHING_COMPARED;
    // Two are compared for most requests, whatever balances: one literal is made at once, and not grown.
    if (kept === 2)
      return [candidates[0] as number, scores[0] as number, candidates[1] as number, scores[1] as number];
    const compared: number[] = [];
    for (let i = 0; i < kept; i++) compared.push(candidates[i] as number, scores[i] as number);
    return compared;
  }

  /** The same name at the same address is the same server; a name that moved is another. */
  #backendOf(
    { name: pool, share, proxyProtocol, sharedLoad, announcedLoad, health }: ResolvedPool,
    server: ResolvedServer,
  ): Backend {
    const id = `${pool}/${server.name}`;
    const known = this.#backends.get(id);
    const isSame = known !== undefined && known.host === server.host && known.port === server.port;
    const backend = isSame ? known : this.#newBackend(pool, server);
    backend.update(server, health);
    backend.retired = false;
    if (!isSame) {
      known?.retire();
      this.#backends.set(id, backend);
    }
    backend.proxyProtocol = proxyProtocol;
    backend.sharing.isOn = share === "auto" && proxyProtocol === "off";
    backend.listen(sharedLoad, announcedLoad);
    return backend;
  }

  #newBackend(pool: string, server: ResolvedServer): Backend {
    const share = this.#shares.of(`${pool}/${server.name}`);
    const backend = new Backend(pool, server, this.#clock, share, this.#shares.of(pool), this.#moment);
    // Servers that were there before this acceptor are as warm as they get.
    if (this.#latest !== NOBODY) backend.startSlowly();
    return backend;
  }

  /** Servers that were removed keep no connection. Whoever keeps an older snapshot may still ask them. */
  #retire(): void {
    const named = new Set(this.#latest.pools.flatMap(({ candidates }) => candidates));
    for (const backend of this.#backends.values())
      if (!named.has(backend) && !backend.retired) backend.retire();
    this.#forget();
  }

  /** They are reported as long as they answer. */
  #forget(): void {
    for (const [id, backend] of this.#backends)
      if (backend.retired && backend.outstanding === 0) this.#backends.delete(id);
  }
}
