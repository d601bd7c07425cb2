import type { AcceptorCounters, AcceptorMessage, ShareUse, SnapshotVersion } from "@shunt/core";
import type { BusPeer } from "../bus/state-bus.ts";
import { type HeardLoad, takeReport } from "../load/heard-load.ts";
import { RunningTotals } from "../load/running-totals.ts";
import { isStale } from "../load/staleness.ts";
import { NO_COUNTERS, sumCounters } from "./counters.ts";
import { Departed } from "./departed.ts";

type Hello = Extract<AcceptorMessage, { kind: "hello" }>;
type Report = Extract<AcceptorMessage, { kind: "load" }>;
type Status = Extract<AcceptorMessage, { kind: "status" }>;

/** An acceptor that is connected, as it last described itself. */
export interface Member {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly peer: BusPeer;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly loads: Map<string, HeardLoad>;
  /** Number of the last report that is in `loads`. */
  loadSeq: number;
  /** Number of the last report in which anything had changed. */
  changedSeq: number;
  /** At limits of the whole cluster, by its last report. */
  shares: readonly ShareUse[];
  status: Pick<Status, "state" | "connections" | "exchanges" | "counters">;
  snapshot: SnapshotVersion;
  lastHeardAt: number;
}

/** Who belongs to this coordinator now, and what those have counted who did before. */
export class Registry {
  /** Of all acceptors that are counted in them; who that is, is said by whoever needs them. */
  readonly totals = new RunningTotals();
  readonly #members = new Map<BusPeer, Member>();
  readonly #departed: Departed;
  readonly #now: () => number;

  constructor(now: () => number, departed: Departed = new Departed()) {
    this.#now = now;
    this.#departed = departed;
  }

  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  /** Those whose load counts. */
  get heard(): readonly Member[] {
    const now = this.#now();
    return this.members.filter((member) => !isStale(member.lastHeardAt, now));
  }

  of(peer: BusPeer): Member | undefined {
    return this.#members.get(peer);
  }

  /**
   * An acceptor that comes again before its former connection was seen to end replaces itself. One that says hello again
   * on the same connection was asked to tell all: what it has counted holds until it has told.
   */
  join(peer: BusPeer, { acceptor, host, pid, version, term, generation }: Hello): Member {
    const former = this.members.find((member) => member.id === acceptor && member.peer !== peer);
    if (former !== undefined) {
      this.leave(former.peer);
      former.peer.close(`acceptor ${acceptor} has connected again`);
    }
    const now = this.#now();
    const known = this.#members.get(peer);
    const counters = this.#departed.takeBack(acceptor) ?? NO_COUNTERS;
    const member: Member = {
      id: acceptor,
      host,
      pid,
      version,
      peer,
      since: known?.since ?? now,
      loads: new Map(),
      loadSeq: 0,
      shares: [],
      changedSeq: 0,
      status: known?.status ?? { state: "starting", connections: 0, exchanges: 0, counters },
      snapshot: { term, generation },
      lastHeardAt: now,
    };
    this.#members.set(peer, member);
    return member;
  }

  heardFrom(member: Member): void {
    member.lastHeardAt = this.#now();
  }

  takeLoad(member: Member, { seq, servers, shares }: Report): void {
    const { loads } = member;
    takeReport(loads, servers, this.#now(), (server, before, after) =>
      this.totals.changed(loads, server, before, after),
    );
    member.loadSeq = seq;
    member.shares = shares;
    if (servers.length > 0) member.changedSeq = seq;
  }

  /** Names of servers that were removed are not kept for ever; of one at which something is outstanding it is still to be told. */
  forgetAllBut(servers: ReadonlySet<string>): void {
    for (const { loads } of this.members) {
      for (const [server, load] of loads) {
        if (servers.has(server) || load.outstanding > 0) continue;
        this.totals.changed(loads, server, load, { ...load, announced: undefined });
        loads.delete(server);
      }
    }
  }

  leave(peer: BusPeer): Member | undefined {
    const member = this.#members.get(peer);
    if (member === undefined) return undefined;
    this.#members.delete(peer);
    this.#departed.add(member.id, member.status.counters);
    return member;
  }

  /** Never falls while an acceptor lives, and never when one ends. */
  counters(): AcceptorCounters {
    return sumCounters([this.#departed.counters(), ...this.members.map((member) => member.status.counters)]);
  }
}
