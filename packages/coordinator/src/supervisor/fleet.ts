import type { HostPart, ResolvedListener, SupervisorMessage } from "@shunt/core";
import type { TcpHandle } from "./handles.ts";
import type { Child, KeptChild } from "./kept-child.ts";
import type { Log } from "./log.ts";
import { authority, bindPlace, closeAll, type Reservation, reserve } from "./ports.ts";
import { StartRefusal } from "./refusal.ts";

/** What acceptors of this host are to be: how many, and where they accept. */
export type Plan = Pick<HostPart, "listeners" | "acceptors">;

/** Where one acceptor accepts for one listener. */
interface Place {
  readonly id: number;
  readonly handles: readonly TcpHandle[];
}

interface Bound {
  listener: ResolvedListener;
  readonly reservation: Pick<Reservation, "host" | "port" | "at">;
  /** By the acceptors' slots. */
  readonly places: Place[];
  /** Of acceptors that have left: the first accepts there too, until another comes. */
  readonly inherited: Place[];
}

interface Slot {
  readonly kept: KeptChild;
  /** The process that was ordered to start, and the places where it has said that it listens. */
  child: Child | undefined;
  readonly listening: Set<number>;
  /** Those before it, which accept until it listens. */
  readonly leaving: Set<Child>;
}

const DRAIN: SupervisorMessage = { kind: "drain" };

export interface FleetOptions {
  readonly log: Log;
  /** Makes the place for an acceptor; its process is not started yet. */
  readonly keep: (slot: number) => KeptChild;
  /** Whether `host:port` is held by acceptors of a former supervisor. */
  readonly isOurs: (address: string) => boolean;
  /** How long an acceptor that leaves may take. */
  readonly graceMs: () => number;
}

/** How long who waits at a listener that was removed is still accepted, while others keep coming. */
const REMOVED_MS = 1_000;
const TRY_AGAIN_MS = 5_000;

/**
 * The acceptors of one host, with a duplicate of every listening handle of theirs. A handle that closes resets whoever waits
 * in its queue: so none closes before an acceptor has found nobody there.
 */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #slots: Slot[] = [];
  readonly #leaving = new Set<Promise<void>>();
  #bounds: Bound[] = [];
  /** Handed to an acceptor, and closed here as soon as it listens there. */
  readonly #handedOn = new Map<number, readonly TcpHandle[]>();
  #ids = 0;
  #running = false;
  #stopped = false;
  #plan: Plan | undefined;
  #carryingOut: Promise<void> | undefined;
  #again: NodeJS.Timeout | undefined;
  readonly #failing = new Set<string>();

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Takes the ports, and starts nothing yet. @throws StartRefusal */
  async take({ listeners, acceptors }: Plan): Promise<void> {
    for (let slot = 0; slot < acceptors; slot++) this.#addSlot(slot);
    // One after the other: of two listeners with the same address the second is refused.
    for (const listener of listeners) await this.#open(listener);
  }

  start(): void {
    this.#running = true;
    for (const { kept } of this.#slots) kept.start();
  }

  get urls(): string[] {
    return this.#bounds.map(({ reservation }) => `http://${authority(reservation.host, reservation.port)}`);
  }

  get addresses(): string[] {
    return this.#bounds.map(({ reservation }) => `${reservation.host}:${reservation.port}`);
  }

  get size(): number {
    return this.#slots.length;
  }

  /** Carries out a change while running. What cannot be had is logged and tried again; the rest goes on. */
  change(plan: Plan): void {
    this.#plan = plan;
    this.#carryingOut ??= this.#carryOut().finally(() => {
      this.#carryingOut = undefined;
    });
  }

  async #carryOut(): Promise<void> {
    for (let plan = this.#plan; plan !== undefined; plan = this.#plan) {
      this.#plan = undefined;
      clearTimeout(this.#again);
      this.#grow(plan.acceptors);
      const complete = await this.#listen(plan.listeners);
      if (this.#stopped) return;
      this.#shrink(plan.acceptors);
      if (!complete || this.#slots.length < plan.acceptors)
        this.#again = setTimeout(() => this.change(this.#plan ?? plan), TRY_AGAIN_MS);
    }
  }

  #grow(acceptors: number): void {
    while (this.#slots.length < acceptors) {
      const slot = this.#slots.length;
      try {
        for (const bound of this.#bounds)
          bound.places[slot] ??= this.#takeBack(bound) ?? this.#place(bindPlace(bound.reservation.at));
      } catch (error) {
        this.#fails(`acceptor a${slot + 1}`, String(error), "acceptor cannot be added");
        return;
      }
      const { kept } = this.#addSlot(slot);
      if (this.#running) kept.start();
      this.#options.log.info({ acceptors: this.#slots.length }, "acceptor added");
    }
  }

  #shrink(acceptors: number): void {
    while (this.#slots.length > Math.max(1, acceptors)) {
      const leaver = this.#slots.pop() as Slot;
      const index = this.#slots.length;
      for (const { listener, places, inherited } of this.#bounds) {
        const [place] = places.splice(index, 1);
        if (place === undefined) continue;
        // Never closed: whoever connects in the moment of closing would be reset.
        inherited.push(place);
        this.#order(this.#slots[0] as Slot, listener, place);
      }
      const leaving = leaver.kept.stop(this.#options.graceMs());
      this.#leaving.add(leaving);
      void leaving.finally(() => this.#leaving.delete(leaving));
      this.#options.log.info({ acceptors: this.#slots.length }, "acceptor leaves");
    }
  }

  /** Returns whether all of them could be had. */
  async #listen(listeners: readonly ResolvedListener[]): Promise<boolean> {
    let complete = true;
    const kept: Bound[] = [];
    for (const listener of listeners) {
      const bound = this.#bounds.find((each) => isAt(each, listener));
      if (bound !== undefined) bound.listener = listener;
      const opened = bound ?? (await this.#tryToOpen(listener));
      // One that cannot move stays where it is.
      const held = opened ?? this.#bounds.find((each) => each.listener.name === listener.name);
      if (opened === undefined) complete = false;
      if (held !== undefined) kept.push(held);
      if (this.#stopped) return false;
    }
    const removed = this.#bounds.filter((bound) => !kept.includes(bound));
    this.#bounds = kept;
    for (const bound of removed) this.#close(bound);
    return complete;
  }

  async #tryToOpen(listener: ResolvedListener): Promise<Bound | undefined> {
    const where = `${listener.name} ${listener.host}:${listener.port}`;
    try {
      const bound = await this.#open(listener);
      this.#failing.delete(where);
      this.#options.log.info(
        { listener: listener.name, address: authority(bound.reservation.host, bound.reservation.port) },
        "listener opened",
      );
      return bound;
    } catch (error) {
      if (!(error instanceof StartRefusal)) throw error;
      this.#fails(where, error.message, "listener cannot be opened");
      return undefined;
    }
  }

  /** Said once, however often it is tried. */
  #fails(what: string, reason: string, message: string): void {
    if (this.#failing.has(what)) return;
    this.#failing.add(what);
    this.#options.log.error({ reason }, message);
  }

  async #open(listener: ResolvedListener): Promise<Bound> {
    // Our own handles on the same port, on another address, are no strangers.
    const own =
      listener.port !== 0 && this.#bounds.some(({ reservation }) => reservation.port === listener.port);
    const { isOurs } = this.#options;
    const reservation = await reserve(
      listener,
      this.#slots.length,
      (address) => (own && this.#running) || isOurs(address),
    );
    const places = reservation.places.map((handles) => this.#place(handles));
    const bound: Bound = { listener, reservation, places, inherited: [] };
    this.#bounds.push(bound);
    for (const [index, slot] of this.#slots.entries()) this.#order(slot, listener, bound.places[index]);
    return bound;
  }

  /** What the first acceptor has for one that left goes to one that comes; nobody who waits there notices. */
  #takeBack({ inherited }: Bound): Place | undefined {
    const place = inherited.pop();
    if (place === undefined) return undefined;
    const first = this.#slots[0];
    first?.listening.delete(place.id);
    first?.child?.send({ kind: "unlisten", place: place.id, mostMs: 0 } satisfies SupervisorMessage);
    return place;
  }

  #close({ listener, places, inherited }: Bound): void {
    this.#options.log.info({ listener: listener.name }, "listener closes");
    for (const [index, place] of [...places, ...inherited].entries()) {
      const slot = this.#slots[index < places.length ? index : 0];
      if (slot?.child !== undefined && slot.listening.delete(place.id)) {
        // Ours first: what closes last must be who looks whether anybody waits.
        closeAll(place.handles);
        slot.child.send({
          kind: "unlisten",
          place: place.id,
          mostMs: REMOVED_MS,
        } satisfies SupervisorMessage);
      } else
        this.#inherit(
          this.#slots.find(({ listening }) => listening.size > 0),
          listener,
          place,
          REMOVED_MS,
        );
    }
  }

  /** Whoever waits there is accepted by another acceptor. */
  #inherit(heir: Slot | undefined, listener: ResolvedListener, { id, handles }: Place, mostMs: number): void {
    if (heir?.child === undefined) {
      closeAll(handles);
      return;
    }
    this.#handedOn.set(id, handles);
    this.#order(heir, listener, { id, handles });
    heir.child.send({ kind: "unlisten", place: id, mostMs } satisfies SupervisorMessage);
  }

  #order({ child }: Slot, listener: ResolvedListener, place: Place | undefined): void {
    if (child === undefined || place === undefined) return;
    const { id, handles } = place;
    for (const [index, handle] of handles.entries()) {
      const last = index === handles.length - 1;
      child.send({ kind: "listen", listener, place: id, last } satisfies SupervisorMessage, handle);
    }
  }

  /** The process in a slot was ordered to start: it listens wherever its slot does. */
  started(slot: number, child: Child): void {
    const own = this.#slots[slot];
    if (own === undefined || this.#stopped) return;
    own.child = child;
    own.listening.clear();
    for (const { listener, places, inherited } of this.#bounds) {
      this.#order(own, listener, places[slot]);
      if (slot === 0) for (const place of inherited) this.#order(own, listener, place);
    }
  }

  /** Returns whether the process in the slot listens wherever it should. */
  listening(slot: number, child: Child, id: number): boolean {
    closeAll(this.#handedOn.get(id) ?? []);
    if (this.#handedOn.delete(id)) return false;
    const own = this.#slots[slot];
    if (own?.child !== child) return false;
    own.listening.add(id);
    const isComplete = this.#bounds.every(({ places }) => {
      const place = places[slot];
      return place !== undefined && own.listening.has(place.id);
    });
    if (isComplete) this.#relieve(own);
    return isComplete;
  }

  /** A process wants to leave its slot: it goes on until its successor listens, where there is to be one. */
  leaves(slot: number, kept: KeptChild, child: Child): void {
    const own = this.#slots[slot];
    if (kept.succeed(child) && own?.kept === kept) own.leaving.add(child);
    else child.send(DRAIN);
  }

  #relieve({ leaving }: Slot): void {
    for (const child of leaving) child.send(DRAIN);
    leaving.clear();
  }

  ended(slot: number, child: Child): void {
    const own = this.#slots[slot];
    own?.leaving.delete(child);
    if (own?.child !== child) return;
    own.child = undefined;
    own.listening.clear();
  }

  signal(name: NodeJS.Signals): void {
    for (const { kept } of this.#slots) kept.signal(name);
  }

  /** Drains all side by side. Resolves when all are gone. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#again);
    // First, so that what acceptors close is refused at once and not kept waiting in a queue that nobody serves.
    for (const { places, inherited } of this.#bounds)
      for (const { handles } of [...places, ...inherited]) closeAll(handles);
    for (const handles of this.#handedOn.values()) closeAll(handles);
    await Promise.all([...this.#slots.map(({ kept }) => kept.stop(graceMs)), ...this.#leaving]);
  }

  #addSlot(index: number): Slot {
    const slot: Slot = {
      kept: this.#options.keep(index),
      child: undefined,
      listening: new Set(),
      leaving: new Set(),
    };
    this.#slots.push(slot);
    return slot;
  }

  #place(handles: readonly TcpHandle[]): Place {
    return { id: ++this.#ids, handles };
  }
}

/** The same place, whatever else is said of the listener. */
function isAt({ listener }: Bound, { name, host, port }: ResolvedListener): boolean {
  return listener.name === name && listener.host === host && listener.port === port;
}
