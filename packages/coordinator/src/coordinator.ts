import { createHash, randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import {
  type AcceptorMessage,
  clusterLimits,
  type DataPlaneConfig,
  type ResolvedConfig,
  type Snapshot,
} from "@shunt/core";
import type { Logger } from "pino";
import { type AdminApi, startAdminApi } from "./api/http-server.ts";
import type { BusPeer, StateBus } from "./bus/state-bus.ts";
import { UnixSocketBus } from "./bus/unix-socket.ts";
import type { StoredConfig } from "./change/change.ts";
import { dropped } from "./change/difference.ts";
import { firstConfiguration, unversioned } from "./change/first-configuration.ts";
import { LocalConfiguration } from "./change/local-configuration.ts";
import { configurationEvents } from "./events/configuration-events.ts";
import { Ejections } from "./events/ejections.ts";
import { EventLog } from "./events/event-log.ts";
import { HealthChecker } from "./health/checker.ts";
import { KnownHealth } from "./health/known-health.ts";
import { Duties, type Duty, everyMs } from "./leadership/duty.ts";
import { ALONE, type Leadership } from "./leadership/leadership.ts";
import { LoadPolls } from "./load/load-polls.ts";
import { LoadPublication } from "./load/publication.ts";
import { Departed } from "./membership/departed.ts";
import { RecentExchanges } from "./membership/recent.ts";
import { Registry } from "./membership/registry.ts";
import { generationIn, snapshotOf, writeSnapshot } from "./publish/snapshot.ts";
import { ShareGranting } from "./shares/granting.ts";
import { shareMetrics } from "./shares/metrics.ts";
import { SqliteStore } from "./store/sqlite-store.ts";

const PUBLISH_EVERY_MS = 100;
/** A coordinator that stands by looks so often at what the leader finds: it may have to go on from there. */
const HEAR_HEALTH_EVERY_MS = 1_000;

export interface CoordinatorOptions {
  readonly config: ResolvedConfig;
  /** Path of the Unix socket of the state bus. */
  readonly bus: string;
  readonly adminPort: number;
  /** The supervisor's life, see contract/messages.ts. */
  readonly epoch: string;
  readonly version: string;
  readonly log: Logger;
}

/**
 * What one host's acceptors have in common: who they are, the snapshot that they decide by, the sum of their load
 * and counters, and the API to see all that. None of it is on the path of a request.
 */
export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #store: SqliteStore;
  readonly #snapshotFile: string;
  #snapshot: Snapshot | undefined;
  readonly #departed: Departed;
  readonly #registry: Registry;
  readonly #recent: RecentExchanges;
  readonly #bus: StateBus;
  /** Others know this life of this coordinator by it. */
  readonly #name = `${hostname()}-${process.pid}`;
  readonly #leadership: Leadership = ALONE;
  readonly #shares: ShareGranting;
  readonly #duties: Duties;
  readonly #events = new EventLog({ now: Date.now, name: randomUUID().slice(0, 8) });
  readonly #ejections = new Ejections(this.#events);
  readonly #health = new KnownHealth(this.#events);
  readonly #checker: HealthChecker;
  #healthTicker: NodeJS.Timeout | undefined;
  #api: AdminApi | undefined;

  constructor(options: CoordinatorOptions) {
    const { config, bus, epoch, log } = options;
    this.#options = options;
    this.#store = SqliteStore.open(join(config.state.path, "state.db"), log);
    this.#snapshotFile = join(config.state.path, "snapshot.json");
    this.#departed = new Departed(this.#store.departed(epoch));
    this.#registry = new Registry(Date.now, this.#departed);
    this.#recent = new RecentExchanges(this.#registry);
    const listener = {
      onMessage: (peer: BusPeer, message: AcceptorMessage) => this.#heard(peer, message),
      onGone: (peer: BusPeer) => this.#gone(peer),
    };
    this.#bus = new UnixSocketBus({ path: bus, log, listener });
    this.#checker = new HealthChecker({
      config: () => this.snapshot.config,
      publish: (health) => {
        this.#health.hear(health.servers);
        this.#bus.publish(health);
      },
      known: () => this.#health.servers,
      log,
    });
    this.#shares = new ShareGranting({
      limits: () => clusterLimits(this.snapshot.config.pools),
      publish: (grants) => this.#bus.publish(grants),
      // Whoever is alone leads under term 0 in each of its lives.
      termOf: (term) => (term === 0 ? this.#store.nextLife() : term),
      now: () => performance.now(),
    });
    this.#duties = new Duties(this.#dutiesOfLeader(), log);
    this.#leadership.onChange((leads) => (leads ? this.#lead() : this.#duties.stop()));
  }

  /** What is done by the one coordinator that leads, and by no other. */
  #dutiesOfLeader(): Duty[] {
    const polls = new LoadPolls({ current: () => this.snapshot, log: this.#options.log });
    const publication = new LoadPublication(
      this.#registry,
      () => this.snapshot,
      (load) => this.#bus.publish(load),
      () => polls.words(),
    );
    return [polls, everyMs(PUBLISH_EVERY_MS, () => publication.tick()), this.#checker, this.#shares];
  }

  /** What acceptors are to decide by. There is one from the start on. */
  get snapshot(): Snapshot {
    if (this.#snapshot === undefined) throw new Error("The coordinator has not started");
    return this.#snapshot;
  }

  /** @returns where the admin API listens. */
  async start(): Promise<{ readonly host: string; readonly port: number }> {
    const { config, adminPort, version, log } = this.#options;
    const { admin, state, ...dataPlane } = config;
    const own = { admin, state };
    const configuration = new LocalConfiguration({
      store: this.#store,
      current: await this.#firstConfiguration(dataPlane),
      own,
      term: () => this.#leadership.term,
      onChange: (stored) => {
        for (const event of configurationEvents(this.snapshot.config, stored)) this.#events.append(event);
        this.#hold(stored);
        this.#bus.publish({ kind: "snapshot", snapshot: this.snapshot });
        this.#shares.look();
      },
      now: () => new Date(),
      log,
    });
    this.#hold(configuration.current);
    await this.#bus.listen();
    if (this.#leadership.leads) this.#lead();
    this.#healthTicker = setInterval(() => this.#hearHealth(), HEAR_HEALTH_EVERY_MS);
    this.#api = await startAdminApi({
      own,
      configuration,
      port: adminPort,
      current: () => this.snapshot,
      name: this.#name,
      version,
      leadership: this.#leadership,
      log,
      registry: this.#registry,
      recent: this.#recent,
      events: this.#events,
      health: this.#health,
      checks: this.#checker.counts,
      shareMetrics: () => shareMetrics(this.#registry, this.#shares),
    });
    return { host: config.admin.host, port: this.#api.port };
  }

  /** What was changed over the API, while the file says what it said then; else what the file says now. */
  async #firstConfiguration(config: DataPlaneConfig): Promise<StoredConfig> {
    const { log } = this.#options;
    const hash = createHash("sha256").update(JSON.stringify(config)).digest("hex");
    const at = new Date().toISOString();
    const latest = await this.#store.latest();
    const first = firstConfiguration({
      latest,
      kept: unversioned({ config, hash }, at),
      held: { term: 0, generation: generationIn(this.#snapshotFile, log) },
      file: { config, hash },
      seen: [],
      isAlone: true,
      term: this.#leadership.term,
      at,
    });
    if (first.kind === "goes-on") return first.stored;
    if (latest !== undefined && first.why === "file") {
      const differences = dropped(latest, config);
      log.warn(
        { by: latest.by, at: latest.at, differences },
        "the configuration file has changed: it replaces what held",
      );
    }
    if (!(await this.#store.append(first.next, latest)))
      throw new Error("The state database has a configuration that another process has written");
    return first.next;
  }

  #hold(stored: StoredConfig): void {
    this.#snapshot = snapshotOf(stored.generation, stored.config, stored.term);
    writeSnapshot(this.#snapshotFile, this.#snapshot);
  }

  async stop(): Promise<void> {
    clearInterval(this.#healthTicker);
    this.#duties.stop();
    await this.#api?.close();
    await this.#bus.close();
    this.#store.close();
  }

  #lead(): void {
    this.#bus.publish({ kind: "snapshot", snapshot: this.snapshot });
    this.#duties.start(this.#leadership.term);
  }

  #hearHealth(): void {
    if (this.#leadership.leads) return;
    this.#bus.lastHealth().then(
      (servers) => {
        if (servers !== undefined && !this.#leadership.leads) this.#health.hear(servers);
      },
      (error: unknown) => this.#options.log.error({ err: error }, "the health of servers cannot be read"),
    );
  }

  #heard(peer: BusPeer, message: AcceptorMessage): void {
    const member = message.kind === "hello" ? this.#registry.join(peer, message) : this.#registry.of(peer);
    if (member === undefined) {
      peer.close(`expected hello first, found ${message.kind}`);
      return;
    }
    this.#registry.heardFrom(member);
    switch (message.kind) {
      case "hello":
        this.#shares.joined(member.id);
        this.#options.log.info({ acceptor: member.id, acceptorPid: member.pid }, "acceptor joined");
        this.#events.append({
          kind: "acceptor-joined",
          acceptor: member.id,
          host: member.host,
          version: member.version,
        });
        break;
      case "load":
        this.#registry.takeLoad(member, message);
        this.#ejections.heard(member.id, message.servers);
        this.#shares.heard(member.id, message.seq, message);
        break;
      case "status":
        member.status = message;
        member.snapshot = { term: message.term, generation: message.generation };
        this.#shares.isIn(member.id, message.state);
        break;
      case "recent":
        this.#recent.answered(peer, message.request, message.exchanges);
        break;
      default:
        message satisfies never;
    }
  }

  #gone(peer: BusPeer): void {
    this.#recent.gone(peer);
    const member = this.#registry.leave(peer);
    if (member === undefined) return;
    this.#options.log.info({ acceptor: member.id, acceptorPid: member.pid }, "acceptor left");
    this.#events.append({ kind: "acceptor-left", acceptor: member.id, host: member.host });
    this.#ejections.left(member.id);
    this.#store.saveDeparted(this.#options.epoch, this.#departed.toJSON());
  }
}
