import { randomBytes, randomUUID } from "node:crypto";
import { extname } from "node:path";
import type {
  CoordinatorOrder,
  HostPart,
  ResolvedConfig,
  ResolvedState,
  Snapshot,
  SupervisorMessage,
} from "@shunt/core";
import { decodeAcceptorNotice, decodeCoordinatorNotice } from "@shunt/core/contract/decode";
import { isNewer } from "@shunt/core/membership/snapshot";
import { ACCEPTOR_FLAGS } from "./acceptor-flags.ts";
import { compile } from "./compile.ts";
import { Fleet, type Plan } from "./fleet.ts";
import { Household, isAlive, type Member } from "./household.ts";
import { type Child, KeptChild } from "./kept-child.ts";
import { lastKnownGoodFile, readLastKnownGood } from "./last-known-good.ts";
import type { Log } from "./log.ts";
import { authority, probeAdmin } from "./ports.ts";
import { RedisSnapshot } from "./redis-snapshot.ts";
import { Startup } from "./startup.ts";
import { StateDirectory } from "./state-directory.ts";

/** What acceptors get on top of `drainMs` to write their last lines before they are killed. */
const DRAIN_MARGIN_MS = 2_000;
const COORDINATOR_GRACE_MS = 3_000;
/** Longer than a loaded machine takes to start; something hangs if it is not enough. */
const STARTUP_MS = 30_000;

const COORDINATOR = "coordinator";
const COMPILED = "compile-cache";

/** What this host decides for itself, whatever the snapshot says. */
export interface Overrides {
  readonly acceptors?: number | undefined;
  /** Where a listener is on this host, by its name. */
  readonly addresses?: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
}

export interface SupervisorOptions {
  readonly state: ResolvedState;
  /** There is a coordinator on this host, by this configuration; undefined: there is none. */
  readonly config?: ResolvedConfig | undefined;
  /** Of the file that it is from. */
  readonly fileHash?: string | undefined;
  /** There are acceptors on this host; undefined: there are none. */
  readonly acceptors?: Overrides | undefined;
  /** Name of this host among the others. */
  readonly host: string;
  readonly log: Log;
  /** The module of an acceptor's process. @default the one of @shunt/worker */
  readonly workerMain?: URL;
  /** @default the one of this package */
  readonly coordinatorMain?: URL;
}

/** Where Shunt serves, as URLs. */
export interface Serving {
  readonly listeners: readonly string[];
  /** Undefined: no coordinator is here, or it is not known yet where it will be. */
  readonly admin: string | undefined;
}

/**
 * The root of all processes of one host. It keeps its coordinator and its acceptors alive, one or both of them, and a
 * duplicate of every listening handle: a connection that waits in the queue of an acceptor that died is accepted by the
 * one that follows. It does nothing else, so that nothing in it can fail: no library, no request, no file of the user.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #epoch = randomUUID();
  readonly #directory: StateDirectory;
  readonly #household: Household;
  readonly #bus: string;
  readonly #startup: Startup;
  readonly #coordinator: KeptChild | undefined;
  readonly #fleet: Fleet | undefined;
  readonly #redis: RedisSnapshot | undefined;
  /** Settles with the first snapshot that acceptors can start with, wherever it is from. */
  readonly #first = Promise.withResolvers<Snapshot>();
  #newest: Snapshot | undefined;
  /** What acceptors have told of the latest snapshot. */
  #part: HostPart | undefined;
  #drainMs: number;
  /** The next coordinator is to be found where the first was, also when the port was left to the system. */
  #adminPort: number;
  readonly #stopping = new AbortController();
  #stopped: Promise<void> | undefined;

  /** Takes the state directory. @throws StartRefusal when that cannot be had. */
  constructor(options: SupervisorOptions) {
    const { state, config, acceptors, log } = options;
    this.#options = options;
    this.#adminPort = config?.admin.port ?? 0;
    this.#drainMs = config?.timeouts.drainMs ?? 0;
    this.#directory = StateDirectory.take(state.path);
    this.#bus = state.kind === "embedded" ? this.#directory.busPath() : "";
    this.#household = new Household(this.#directory.file("household.json"), log);
    this.#coordinator = config === undefined ? undefined : this.#keepCoordinator(config);
    if (acceptors !== undefined) this.#fleet = this.#newFleet();
    // Who has no acceptors waits for no snapshot: its coordinator brings one.
    if (state.kind === "redis" && acceptors !== undefined) {
      this.#redis = new RedisSnapshot({
        redis: state,
        env: this.#environment(),
        log,
        onFound: (snapshot) => this.#offer(snapshot),
        onMissing: () => this.#offerLastKnownGood(),
      });
    }
    this.#startup = new Startup(config === undefined ? [] : [COORDINATOR], (name) => this.#isSpared(name));
  }

  /**
   * Resolves when every acceptor accepts on every listener. Where state is in Redis, that is waited for as long as it
   * takes.
   * @throws StartRefusal; everything that was started has ended again.
   */
  async start(): Promise<Serving> {
    const { config, state } = this.#options;
    try {
      if (config !== undefined) await this.#startCoordinator(config);
      this.#redis?.start();
      await Promise.all([this.#startAcceptors(), state.kind === "embedded" ? this.#inTime() : undefined]);
      await this.#startup.done;
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#drainOrphans();
    return this.#serving();
  }

  /** Drains all acceptors side by side, then stops the coordinator. Resolves when every process is gone. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  /** Ends every process now, whatever it is in the middle of. */
  abort(): void {
    this.#redis?.stop();
    this.#coordinator?.signal("SIGKILL");
    this.#fleet?.signal("SIGKILL");
    this.#directory.release();
  }

  reopenLogs(): void {
    this.#fleet?.signal("SIGUSR2");
  }

  async #startCoordinator(config: ResolvedConfig): Promise<void> {
    if (this.#fleet !== undefined) await this.#take(planOf(config, this.#options.acceptors));
    const { host, port } = config.admin;
    if (!this.#isOurs(`${host}:${port}`)) await probeAdmin(config.admin);
    await this.#endOrphans("coordinator", COORDINATOR_GRACE_MS);
    if (this.#stopped === undefined) this.#coordinator?.start();
  }

  async #take(plan: Plan): Promise<void> {
    await this.#fleet?.take(plan);
    for (let slot = 0; slot < plan.acceptors; slot++) this.#startup.expect(acceptorName(slot));
  }

  /** By the file at first, where there is one: a change of it has an effect, or is refused, at once. */
  async #startAcceptors(): Promise<void> {
    if (this.#fleet === undefined) return;
    const { config, acceptors, workerMain } = this.#options;
    const { signal } = this.#stopping;
    if (workerMain === undefined) {
      const env = this.#environment();
      await compile({ main: this.#workerMain, env, flags: ACCEPTOR_FLAGS, signal });
    }
    if (config === undefined) await this.#take(planOf((await this.#first.promise).config, acceptors));
    if (this.#stopped !== undefined) return;
    this.#fleet.start();
    void this.#first.promise.then((snapshot) => this.#carryOut(partOf(snapshot)));
  }

  async #inTime(): Promise<void> {
    const patience = setTimeout(() => this.#startup.late(STARTUP_MS), STARTUP_MS);
    await this.#startup.done.finally(() => clearTimeout(patience));
  }

  /** Acceptors may start with it. */
  #offer(snapshot: Snapshot): void {
    if (this.#newest === undefined || isNewer(snapshot, this.#newest)) this.#newest = snapshot;
    const { log, state } = this.#options;
    if (state.kind === "redis" && this.#newest === snapshot) {
      const onDisk = readLastKnownGood(this.#lastKnownGood, log);
      if (onDisk !== undefined && isNewer(onDisk, snapshot)) this.#newest = onDisk;
    }
    this.#drainMs = this.#newest.config.timeouts.drainMs;
    this.#first.resolve(this.#newest);
    this.#redis?.stop();
  }

  /** Returns whether there is one. */
  #offerLastKnownGood(): boolean {
    if (this.#fleet === undefined || this.#newest !== undefined) return this.#newest !== undefined;
    const { log } = this.#options;
    const snapshot = readLastKnownGood(this.#lastKnownGood, log);
    if (snapshot === undefined) return false;
    const { term, generation } = snapshot;
    log.warn({ term, generation }, "starting with the last snapshot on disk, to catch up later");
    this.#newest = snapshot;
    this.#drainMs = snapshot.config.timeouts.drainMs;
    this.#first.resolve(snapshot);
    this.#redis?.stop();
    this.#startup.ready(COORDINATOR);
    return true;
  }

  /** Acceptors can serve by the last snapshot without a coordinator. */
  #isSpared(name: string): boolean {
    return name === COORDINATOR && this.#offerLastKnownGood();
  }

  get #lastKnownGood(): string {
    return this.#directory.file(lastKnownGoodFile(this.#options.state));
  }

  /** What an acceptor is to start with: the file on disk is newer when others have adopted more than we were told. */
  #snapshotFor(first: Snapshot): Snapshot {
    const newest = this.#newest ?? first;
    const onDisk = readLastKnownGood(this.#lastKnownGood, this.#options.log);
    return onDisk !== undefined && isNewer(onDisk, newest) ? onDisk : newest;
  }

  #keepCoordinator(config: ResolvedConfig): KeptChild {
    return new KeptChild({
      name: COORDINATOR,
      main: this.#options.coordinatorMain ?? new URL(`../main${extname(import.meta.url)}`, import.meta.url),
      env: this.#environment(),
      log: this.#options.log,
      onSpawn: (child) => this.#orderCoordinator(config, child),
      onMessage: (message) => this.#heardCoordinator(message),
      onExit: (child, fate) => this.#gone(COORDINATOR, child, fate),
    });
  }

  #newFleet(): Fleet {
    return new Fleet({
      log: this.#options.log,
      keep: (slot) => this.#keepAcceptor(slot),
      isOurs: (address) => this.#isOurs(address),
      graceMs: () => this.#drainMs + DRAIN_MARGIN_MS,
    });
  }

  #keepAcceptor(slot: number): KeptChild {
    const name = acceptorName(slot);
    const kept: KeptChild = new KeptChild({
      name,
      main: this.#workerMain,
      env: this.#environment(),
      flags: ACCEPTOR_FLAGS,
      log: this.#options.log,
      onSpawn: (child) => this.#orderAcceptor(slot, child),
      onMessage: (message, child) => this.#heardAcceptor(slot, kept, child, message),
      onExit: (child, fate) => {
        this.#fleet?.ended(slot, child);
        this.#gone(name, child, fate);
      },
    });
    return kept;
  }

  get #workerMain(): URL {
    return this.#options.workerMain ?? new URL(import.meta.resolve("@shunt/worker/main"));
  }

  /** Compiled code is kept for the next start: a replacement is there sooner, and all of them need less memory. */
  #environment(): NodeJS.ProcessEnv {
    return { NODE_COMPILE_CACHE: this.#directory.file(COMPILED), ...process.env };
  }

  #orderCoordinator(config: ResolvedConfig, child: Child): void {
    this.#household.add("coordinator", child.pid, [`${config.admin.host}:${this.#adminPort}`]);
    const order: CoordinatorOrder = {
      kind: "start",
      host: this.#options.host,
      config,
      fileHash: this.#options.fileHash ?? "",
      bus: this.#bus,
      adminPort: this.#adminPort,
      epoch: this.#epoch,
    };
    child.send(order);
  }

  #heardCoordinator(message: unknown): void {
    const notice = decodeCoordinatorNotice(message);
    if (notice.kind === "failed") {
      this.#startup.said(COORDINATOR, notice.reason);
      return;
    }
    this.#adminPort = notice.admin.port;
    if (notice.snapshot !== undefined) this.#offer(notice.snapshot);
    this.#startup.ready(COORDINATOR);
  }

  #orderAcceptor(slot: number, child: Child): void {
    this.#household.add("acceptor", child.pid, this.#fleet?.addresses ?? []);
    void this.#first.promise.then((first) => {
      // The handles are closed by then.
      if (this.#stopped !== undefined) return;
      const { host, state } = this.#options;
      const order: SupervisorMessage = {
        kind: "start",
        acceptor: this.#idOf(slot, child),
        host,
        snapshot: this.#snapshotFor(first),
        state: state.kind === "embedded" ? { kind: "embedded", bus: this.#bus } : state,
        lastKnownGood: this.#lastKnownGood,
      };
      child.send(order);
      this.#fleet?.started(slot, child);
    });
  }

  /** Unique in the whole cluster: hosts may have the same name, and containers the same pids. */
  #idOf(slot: number, { pid }: Child): string {
    const { host, state } = this.#options;
    if (state.kind === "embedded") return `a${slot + 1}-${pid}`;
    return `${host}-a${slot + 1}-${pid}-${randomBytes(3).toString("hex")}`;
  }

  #heardAcceptor(slot: number, kept: KeptChild, child: Child, message: unknown): void {
    const name = acceptorName(slot);
    const notice = decodeAcceptorNotice(message);
    switch (notice.kind) {
      case "listening":
        if (this.#fleet?.listening(slot, child, notice.place)) this.#startup.ready(name);
        break;
      case "leaving":
        this.#fleet?.leaves(slot, kept, child);
        break;
      case "failed":
        this.#startup.said(name, notice.reason);
        break;
      case "snapshot":
        this.#carryOut(notice.part);
        break;
      case "drained":
      case "closed":
        break;
      default:
        notice satisfies never;
    }
  }

  /** Acceptors tell of a snapshot one after the other: the first who does is enough. */
  #carryOut(part: HostPart): void {
    if (this.#stopped !== undefined) return;
    if (this.#part !== undefined && !isNewer(part, this.#part)) return;
    this.#part = part;
    this.#drainMs = part.drainMs;
    this.#options.log.level = part.logLevel;
    this.#warnOfUnknown(part.listeners);
    this.#fleet?.change(planOf(part, this.#options.acceptors));
  }

  /** Listeners come and go, so an address for one that is not there stops nothing; whoever misspelled it has to hear of it. */
  #warnOfUnknown(listeners: Plan["listeners"]): void {
    const expected = listeners.map(({ name }) => name);
    for (const listener of Object.keys(this.#options.acceptors?.addresses ?? {})) {
      if (expected.includes(listener)) continue;
      this.#options.log.warn(
        { listener, expected },
        "--listen names a listener that the configuration does not have",
      );
    }
  }

  #gone(name: string, child: Child, fate: string): void {
    this.#household.remove(child.pid);
    // A coordinator without its Redis is no reason to give up.
    if (name === COORDINATOR && this.#options.state.kind === "redis") return;
    this.#startup.died(name, fate);
  }

  async #stopAll(): Promise<void> {
    const { log } = this.#options;
    this.#stopping.abort();
    this.#redis?.stop();
    // A signal to the whole group of processes ends it already: it is not to be started for the time of the drain.
    this.#coordinator?.giveUp();
    const served = this.#startup.isDone;
    const drainMs = this.#drainMs;
    if (served && this.#fleet !== undefined)
      log.info({ drainMs }, "draining: in-flight requests are finished, none is accepted");
    // An acceptor that never served has nothing to finish, and may be what hangs.
    await this.#fleet?.stop(served ? drainMs + DRAIN_MARGIN_MS : DRAIN_MARGIN_MS);
    await this.#coordinator?.stop(COORDINATOR_GRACE_MS);
    this.#directory.release();
    if (served) log.info({}, "stopped");
  }

  #serving(): Serving {
    const host = this.#options.config?.admin.host;
    const known = host !== undefined && this.#adminPort !== 0;
    return {
      listeners: this.#fleet?.urls ?? [],
      admin: known ? `http://${authority(host, this.#adminPort)}` : undefined,
    };
  }

  /** Whether a process of a former supervisor holds the address. */
  #isOurs(address: string): boolean {
    return this.#household.orphans.some(({ addresses }) => addresses.includes(address));
  }

  #orphans(role: Member["role"]): Member[] {
    return this.#household.orphans.filter((member) => member.role === role && isAlive(member));
  }

  /** Those that a former supervisor left serving: their successors accept now. */
  #drainOrphans(): void {
    for (const { pid } of this.#orphans("acceptor")) {
      this.#options.log.info({ childPid: pid }, "asking an acceptor of the former supervisor to drain");
      signal(pid, "SIGTERM");
    }
  }

  async #endOrphans(role: Member["role"], graceMs: number): Promise<void> {
    for (const orphan of this.#orphans(role)) {
      this.#options.log.info({ childPid: orphan.pid, role }, "ending a process of the former supervisor");
      signal(orphan.pid, "SIGTERM");
      if (await outlives(orphan, graceMs)) signal(orphan.pid, "SIGKILL");
      await outlives(orphan, graceMs);
    }
  }
}

const acceptorName = (slot: number): string => `acceptor a${slot + 1}`;

/** What the snapshot says, unless this host says otherwise. */
function planOf({ listeners, acceptors }: Plan, overrides: Overrides = {}): Plan {
  return {
    acceptors: overrides.acceptors ?? acceptors,
    listeners: listeners.map((listener) => ({ ...listener, ...overrides.addresses?.[listener.name] })),
  };
}

function partOf({ term, generation, config }: Snapshot): HostPart {
  const { listeners, acceptors, timeouts, log } = config;
  return { term, generation, listeners, acceptors, drainMs: timeouts.drainMs, logLevel: log.level };
}

/** A process that is gone already has what the signal wants. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {}
}

async function outlives(member: Member, graceMs: number): Promise<boolean> {
  const deadline = performance.now() + graceMs;
  while (isAlive(member)) {
    if (performance.now() > deadline) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
