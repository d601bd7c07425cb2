import { createHash, randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  clusterLimits,
  type DataPlaneConfig,
  type ResolvedConfig,
  type Snapshot,
  serverNames,
} from "@shunt/core";
import type { Logger } from "pino";
import { type AdminApi, startAdminApi } from "./api/http-server.ts";
import { unversioned } from "./change/first-configuration.ts";
import { KeptConfig } from "./change/kept-config.ts";
import { StartFile } from "./change/start-file.ts";
import { SwitchingConfiguration } from "./change/switching-configuration.ts";
import { configurationEvents } from "./events/configuration-events.ts";
import { Ejections } from "./events/ejections.ts";
import { EventLog } from "./events/event-log.ts";
import { HealthChecker } from "./health/checker.ts";
import { KnownHealth } from "./health/known-health.ts";
import { Duties, everyMs } from "./leadership/duty.ts";
import { Leader } from "./leadership/leader.ts";
import { Standby } from "./leadership/standby.ts";
import { LoadPolls } from "./load/load-polls.ts";
import { LoadPublication } from "./load/publication.ts";
import { Departed } from "./membership/departed.ts";
import { Hearing } from "./membership/hearing.ts";
import { RecentExchanges } from "./membership/recent.ts";
import { Registry } from "./membership/registry.ts";
import { snapshotOf } from "./publish/snapshot.ts";
import { embeddedState } from "./shared/embedded-state.ts";
import { redisState } from "./shared/redis-state.ts";
import type { SharedContext } from "./shared/shared-state.ts";
import { ShareGranting } from "./shares/granting.ts";
import { shareMetrics } from "./shares/metrics.ts";
import { SqliteStore } from "./store/sqlite-store.ts";

const PUBLISH_EVERY_MS = 100;
/** A start goes on with what this host keeps when the shared store does not answer within this time. */
const STORE_WITHIN_MS = 2_000;
const STORE_AGAIN_MS = 100;

export interface CoordinatorOptions {
  readonly config: ResolvedConfig;
  /** SHA-256 of the file that `config` is from. */
  readonly fileHash: string;
  /** Path of the Unix socket of the state bus; not used with Redis. */
  readonly bus: string;
  readonly adminPort: number;
  /** The supervisor's life, see contract/messages.ts. */
  readonly epoch: string;
  readonly version: string;
  /** Name of this host among the others. */
  readonly host: string;
  readonly log: Logger;
}

/**
 * What acceptors have in common: who they are, the snapshot that they decide by, the sum of their load and counters, and
 * the API to see and change all that. None of it is on the path of a request. On one host there is one, and it leads; of
 * many one leads, and the others hear, answer and follow.
 */
export interface Coordinator {
  /** What acceptors are to decide by now. */
  readonly snapshot: Snapshot;
  /** Where the admin API listens. */
  readonly admin: { readonly host: string; readonly port: number };
  /** Gives up leading, so that another can lead at once. */
  stop(): Promise<void>;
}

/** Resolves when the API listens. There is a snapshot by then, whether the store answers or not. */
export async function startCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  const { config, version, host, log } = options;
  const { admin, state, ...dataPlane } = config;
  const own = { admin, state };
  const events = new EventLog({ now: Date.now, name: randomUUID().slice(0, 8) });
  const health = new KnownHealth(events);
  const sqlite = SqliteStore.open(join(state.path, "state.db"), log);
  const shares = new ShareGranting({
    limits: () => clusterLimits(configuration.current.config.pools),
    publish: (grants) => bus.publish(grants),
    // Whoever is alone leads under term 0 in each of its lives.
    termOf: (term) => (term === 0 ? sqlite.nextLife() : term),
    now: () => performance.now(),
  });
  const { registry, recent, hearing } = membership(options, sqlite, events, shares);
  const file = new StartFile({ config: dataPlane, hash: hashFor(options, dataPlane) });
  const kept = new KeptConfig(join(state.path, "snapshot.json"), log);
  const atStart = kept.read() ?? unversioned(file.file, new Date().toISOString());
  const known = () => configuration.current;
  const context: SharedContext = { listener: hearing, known, version, host, events, log };
  const shared =
    state.kind === "redis"
      ? await redisState({ ...context, redis: state })
      : embeddedState({ ...context, bus: options.bus, store: sqlite, registry });
  const { leadership, bus, store, ask } = shared;
  const configuration: SwitchingConfiguration = new SwitchingConfiguration({
    store,
    current: atStart,
    leads: () => leadership.leads,
    ask,
    onCurrent: (stored, before) => {
      kept.write(stored);
      registry.forgetAllBut(new Set(serverNames(stored.config)));
      // The first of all is no change.
      if (before.generation === 0) return;
      for (const event of configurationEvents(before.config, stored)) events.append(event);
    },
  });
  const current = (): Snapshot => {
    const { term, generation, config: holds } = configuration.current;
    return snapshotOf(generation, holds, term);
  };
  const checker = new HealthChecker({
    config: () => configuration.current.config,
    publish: (publication) => {
      health.hear(publication.servers);
      bus.publish(publication);
    },
    known: () => health.servers,
    log,
  });
  const polls = new LoadPolls({ current, log });
  const load = new LoadPublication(
    registry,
    current,
    (publication) => bus.publish(publication),
    () => polls.words(),
  );
  // What is done by the one coordinator that leads, and by no other.
  const duties = new Duties(
    [
      ...shared.duties((request) => configuration.change(request)),
      polls,
      everyMs(PUBLISH_EVERY_MS, () => load.tick()),
      checker,
      shares,
    ],
    log,
  );
  const leader = new Leader({
    shared,
    configuration,
    file,
    own,
    duties,
    publish: ({ term, generation, config: holds }) => {
      bus.publish({ kind: "snapshot", snapshot: snapshotOf(generation, holds, term) });
      shares.look();
    },
    now: () => new Date(),
    log,
  });
  const standby = new Standby({ shared, configuration, file, health, log });
  let api: AdminApi | undefined;

  const stop = async (): Promise<void> => {
    standby.stop();
    leader.end();
    await shared.stop();
    await api?.close();
    sqlite.close();
  };

  try {
    await shared.start();
    leadership.onChange((leads) => {
      // What is thrown here ends the process: one that leads and does nothing would be worse.
      if (leads) void leader.begin();
      else leader.end();
    });
    if (ask === undefined) await leader.begin();
    else await followSoon(configuration);
    standby.start();
    api = await startAdminApi({
      own,
      configuration,
      port: options.adminPort,
      current,
      name: shared.id,
      version,
      leadership,
      log,
      registry,
      recent,
      events,
      shareMetrics: () => shareMetrics(registry, shares),
      redis: shared.redis,
      redisMetrics: shared.metrics,
      counts: () => shared.counts,
      coordinators: () => shared.coordinators(),
      health,
      checks: checker.counts,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    get snapshot() {
      return current();
    },
    admin: { host: admin.host, port: api.port },
    stop,
  };
}

/**
 * By which a file is known. On one host what it computes and reads elsewhere counts as well; hosts of a cluster differ in
 * that, in how many cores they have for one, and have the same file nevertheless.
 */
function hashFor({ config: { state }, fileHash }: CoordinatorOptions, dataPlane: DataPlaneConfig): string {
  if (state.kind === "redis") return fileHash;
  return createHash("sha256").update(fileHash).update(JSON.stringify(dataPlane)).digest("hex");
}

/** Who belongs, and what survives of those who have left. */
function membership(
  { epoch, log }: CoordinatorOptions,
  sqlite: SqliteStore,
  events: EventLog,
  shares: ShareGranting,
) {
  const departed = new Departed(sqlite.departed(epoch));
  const registry = new Registry(Date.now, departed);
  const recent = new RecentExchanges(registry);
  const hearing = new Hearing({
    registry,
    recent,
    events,
    ejections: new Ejections(events),
    shares,
    onLeft: () => sqlite.saveDeparted(epoch, departed.toJSON()),
    log,
  });
  return { registry, recent, hearing };
}

/** A start does not wait for a store that is away: this host goes on with what it keeps. */
async function followSoon(configuration: SwitchingConfiguration): Promise<void> {
  const deadline = performance.now() + STORE_WITHIN_MS;
  while (performance.now() < deadline) {
    const answered = await configuration.follow().then(
      () => true,
      () => false,
    );
    if (answered) return;
    await pause(STORE_AGAIN_MS);
  }
}
