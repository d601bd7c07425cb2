import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { extname } from "node:path";
import type { CoordinatorOrder, ResolvedConfig, Snapshot, SupervisorMessage } from "@shunt/core";
import { decodeAcceptorNotice, decodeCoordinatorNotice } from "@shunt/core/contract/decode";
import { compile } from "./compile.ts";
import { Household, isAlive, type Member } from "./household.ts";
import { type Child, KeptChild } from "./kept-child.ts";
import type { Log } from "./log.ts";
import { authority, probeAdmin, type Reservation, reserve } from "./ports.ts";
import { Startup } from "./startup.ts";
import { StateDirectory } from "./state-directory.ts";

/** What acceptors get on top of `drainMs` to write their last lines before they are killed. */
const DRAIN_MARGIN_MS = 2_000;
const COORDINATOR_GRACE_MS = 3_000;
/** Longer than a loaded machine takes to start; something hangs if it is not enough. */
const STARTUP_MS = 30_000;

const COORDINATOR = "coordinator";
const COMPILED = "compile-cache";

export interface SupervisorOptions {
  readonly config: ResolvedConfig;
  readonly log: Log;
  /** The module of an acceptor's process. @default the one of @shunt/worker */
  readonly workerMain?: URL;
  /** @default the one of this package */
  readonly coordinatorMain?: URL;
}

/** Where Shunt serves, as URLs. */
export interface Serving {
  readonly listeners: readonly string[];
  readonly admin: string;
}

/**
 * The root of all processes of one host. It keeps one coordinator and `acceptors` acceptors alive, and a duplicate
 * of every listening handle: a connection that waits in the queue of an acceptor that died is accepted by the one
 * that follows. It does nothing else, so that nothing in it can fail: no library, no request, no file of the user.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #epoch = randomUUID();
  readonly #directory: StateDirectory;
  readonly #household: Household;
  readonly #bus: string;
  readonly #startup: Startup;
  readonly #coordinator: KeptChild;
  readonly #acceptors: KeptChild[];
  /** Settles with the first coordinator's word on what the generation is. */
  readonly #snapshot = Promise.withResolvers<Snapshot>();
  #reservations: readonly Reservation[] = [];
  readonly #config: ResolvedConfig;
  /** The next coordinator is to be found where the first was, also when the port was left to the system. */
  #adminPort: number;
  #stopped: Promise<void> | undefined;

  /** Takes the state directory. @throws StartRefusal when that cannot be had. */
  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#adminPort = options.config.admin.port;
    this.#directory = StateDirectory.take(options.config.state.path);
    this.#bus = this.#directory.busPath();
    this.#household = new Household(this.#directory.file("household.json"), options.log);
    this.#coordinator = this.#keepCoordinator();
    const slots = Array.from({ length: options.config.acceptors }, (_, slot) => slot);
    this.#acceptors = slots.map((slot) => this.#keepAcceptor(slot));
    this.#startup = new Startup([COORDINATOR, ...slots.map(acceptorName)]);
  }

  /**
   * Resolves when every acceptor accepts on every listener.
   * @throws StartRefusal; everything that was started has ended again.
   */
  async start(): Promise<Serving> {
    try {
      await this.#takePorts();
      await this.#endOrphans("coordinator", COORDINATOR_GRACE_MS);
      this.#coordinator.start();
      await Promise.all([this.#startAcceptors(), this.#started()]);
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
    for (const child of [this.#coordinator, ...this.#acceptors]) child.signal("SIGKILL");
    this.#directory.release();
  }

  reopenLogs(): void {
    for (const acceptor of this.#acceptors) acceptor.signal("SIGUSR2");
  }

  async #takePorts(): Promise<void> {
    const { listeners, acceptors, admin } = this.#config;
    const held = new Set(this.#household.orphans.flatMap((orphan) => orphan.addresses));
    // One after the other: of two listeners with the same address the second is refused.
    for (const listener of listeners) {
      const reservation = await reserve(listener, acceptors, (address) => held.has(address));
      this.#reservations = [...this.#reservations, reservation];
    }
    if (!held.has(`${admin.host}:${admin.port}`)) await probeAdmin(admin);
  }

  async #startAcceptors(): Promise<void> {
    if (this.#options.workerMain === undefined) await compile(this.#workerMain, this.#environment());
    if (this.#stopped !== undefined) return;
    for (const acceptor of this.#acceptors) acceptor.start();
  }

  async #started(): Promise<void> {
    const patience = setTimeout(
      () => this.#startup.fail(`Cannot start: not ready after ${STARTUP_MS / 1_000} s`),
      STARTUP_MS,
    );
    await this.#startup.done.finally(() => clearTimeout(patience));
  }

  #keepCoordinator(): KeptChild {
    return new KeptChild({
      name: COORDINATOR,
      main: this.#options.coordinatorMain ?? new URL(`../main${extname(import.meta.url)}`, import.meta.url),
      env: this.#environment(),
      log: this.#options.log,
      onSpawn: (child) => this.#orderCoordinator(child),
      onMessage: (message) => this.#heardCoordinator(message),
      onExit: (child, fate) => this.#gone(COORDINATOR, child, fate),
    });
  }

  #keepAcceptor(slot: number): KeptChild {
    const name = acceptorName(slot);
    const kept: KeptChild = new KeptChild({
      name,
      main: this.#workerMain,
      env: this.#environment(),
      log: this.#options.log,
      onSpawn: (child) => this.#orderAcceptor(slot, child),
      onMessage: (message, child) => this.#heardAcceptor(name, kept, child, message),
      onExit: (child, fate) => this.#gone(name, child, fate),
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

  #orderCoordinator(child: Child): void {
    this.#household.add("coordinator", child.pid, [`${this.#config.admin.host}:${this.#adminPort}`]);
    const order: CoordinatorOrder = {
      kind: "start",
      config: this.#config,
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
    this.#snapshot.resolve(notice.snapshot);
    this.#startup.ready(COORDINATOR);
  }

  #orderAcceptor(slot: number, child: Child): void {
    const addresses = this.#reservations.map(({ host, port }) => `${host}:${port}`);
    this.#household.add("acceptor", child.pid, addresses);
    const send = (message: SupervisorMessage): void => child.send(message);
    void this.#snapshot.promise.then((snapshot) => {
      // The handles are closed by then.
      if (this.#stopped !== undefined) return;
      send({
        kind: "start",
        acceptor: `a${slot + 1}-${child.pid}`,
        host: hostname(),
        snapshot,
        state: { kind: "embedded", bus: this.#bus },
        lastKnownGood: this.#directory.file("snapshot.json"),
      });
      for (const [place, { listener, handles }] of this.#reservations.entries()) {
        child.send({ kind: "listen", listener, place } satisfies SupervisorMessage, handles[slot]);
      }
    });
  }

  #heardAcceptor(name: string, kept: KeptChild, child: Child, message: unknown): void {
    const notice = decodeAcceptorNotice(message);
    switch (notice.kind) {
      case "listening":
        this.#heardListening(name, notice.place);
        break;
      case "draining":
        kept.succeed(child);
        break;
      case "failed":
        this.#startup.said(name, notice.reason);
        break;
      case "drained":
      case "closed":
      case "snapshot":
        break;
      default:
        notice satisfies never;
    }
  }

  /** Listeners are adopted in order, so that the last stands for all. */
  #heardListening(name: string, place: number): void {
    if (place === this.#reservations.length - 1) this.#startup.ready(name);
  }

  #gone(name: string, child: Child, fate: string): void {
    this.#household.remove(child.pid);
    this.#startup.died(name, fate);
  }

  async #stopAll(): Promise<void> {
    // First, so that what acceptors close is refused at once and not kept waiting in a queue that nobody serves.
    for (const { handles } of this.#reservations) for (const handle of handles) handle.close();
    // A signal to the whole group of processes ends it already: it is not to be started for the time of the drain.
    this.#coordinator.giveUp();
    const { drainMs } = this.#config.timeouts;
    const served = this.#startup.isDone;
    if (served)
      this.#options.log.info({ drainMs }, "draining: in-flight requests are finished, none is accepted");
    // An acceptor that never served has nothing to finish, and may be what hangs.
    const graceMs = served ? drainMs + DRAIN_MARGIN_MS : DRAIN_MARGIN_MS;
    await Promise.all(this.#acceptors.map((acceptor) => acceptor.stop(graceMs)));
    await this.#coordinator.stop(COORDINATOR_GRACE_MS);
    this.#directory.release();
    if (served) this.#options.log.info({}, "stopped");
  }

  #serving(): Serving {
    const { host } = this.#config.admin;
    return {
      listeners: this.#reservations.map(({ host, port }) => `http://${authority(host, port)}`),
      admin: `http://${authority(host, this.#adminPort)}`,
    };
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
