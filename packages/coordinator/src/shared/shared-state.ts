import type { SnapshotVersion } from "@shunt/core";
import type { Logger } from "pino";
import type { Metric } from "../api/exposition.ts";
import type { BusListener, StateBus } from "../bus/state-bus.ts";
import type { ChangeOutcome, ChangeRequest } from "../change/change.ts";
import type { ConfigStore } from "../change/config-store.ts";
import type { EventLog } from "../events/event-log.ts";
import type { Duty } from "../leadership/duty.ts";
import type { Leadership } from "../leadership/leadership.ts";
import type { TroubleSeen } from "../redis/troubles.ts";

/** What a coordinator has in common with others, or for itself where it is the only one. */
export interface SharedState {
  /** Of this coordinator, in this life. */
  readonly id: string;
  readonly bus: StateBus;
  readonly leadership: Leadership;
  readonly store: ConfigStore & {
    /** Of the latest, without its content. */
    latestVersion(): Promise<SnapshotVersion | undefined>;
  };
  /** Has the leader make a change. Undefined where there is no other coordinator. */
  readonly ask: ((request: ChangeRequest) => Promise<ChangeOutcome>) | undefined;
  /** The newest snapshot that an acceptor has registered to hold. */
  held(): Promise<SnapshotVersion>;
  /** All coordinators, this one included. */
  coordinators(): Promise<readonly CoordinatorEntry[]>;
  readonly counts: LeadershipCounts;
  /** How Redis does, for metrics and for people; undefined where there is none. */
  readonly metrics: (() => readonly Metric[]) | undefined;
  readonly redis: (() => RedisSeen) | undefined;
  /** Resolves when the bus listens; who leads shows later. */
  start(): Promise<void>;
  /** Of a leader, those that come with the kind of state. */
  duties(change: (request: ChangeRequest) => Promise<ChangeOutcome>): readonly Duty[];
  stop(): Promise<void>;
}

/** How Redis does for this coordinator. */
export interface RedisSeen {
  /** It does what it is asked. */
  readonly up: boolean;
  readonly troubles: readonly TroubleSeen[];
}

/** What a kind of state is told of the coordinator that has it. */
export interface SharedContext {
  readonly listener: BusListener;
  /** What this coordinator knows to hold. */
  readonly known: () => SnapshotVersion;
  readonly version: string;
  /** Name of this host among the others. */
  readonly host: string;
  readonly events: EventLog;
  readonly log: Logger;
}

/** One coordinator, as all of them are shown. */
export interface CoordinatorEntry {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly leads: boolean;
  /** That it leads, or the last one that it knows. */
  readonly term: number;
  /** ISO 8601: since when it leads, or has stood by. For people. */
  readonly since: string;
}

export interface LeadershipCounts {
  /** Changes of leader that were seen here. */
  readonly changes: number;
  /** Writes of this coordinator that were refused because another leads. */
  readonly fencedWrites: number;
}
