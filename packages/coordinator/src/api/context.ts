import type { Snapshot } from "@shunt/core";
import type { Logger } from "pino";
import type { Configuration } from "../change/configuration.ts";
import type { OwnConfig } from "../change/options-of.ts";
import type { EventLog } from "../events/event-log.ts";
import type { KnownHealth } from "../health/known-health.ts";
import type { Leadership } from "../leadership/leadership.ts";
import type { RecentExchanges } from "../membership/recent.ts";
import type { Registry } from "../membership/registry.ts";
import type { CoordinatorEntry, LeadershipCounts, RedisSeen } from "../shared/shared-state.ts";
import type { Metric } from "./exposition.ts";

/** What the resources of the API are made of. */
export interface ApiContext {
  /** What this coordinator was started with, and keeps: where it listens, and for whom. */
  readonly own: OwnConfig;
  readonly configuration: Configuration;
  /** What acceptors are to decide by now. */
  readonly current: () => Snapshot;
  /** Of this coordinator; others know it by the same. */
  readonly name: string;
  readonly version: string;
  readonly leadership: Leadership;
  readonly log: Logger;
  readonly registry: Registry;
  readonly recent: RecentExchanges;
  readonly events: EventLog;
  readonly shareMetrics?: (() => readonly Metric[]) | undefined;
  /** How Redis does, for people and for metrics; undefined where there is none. */
  readonly redis?: (() => RedisSeen) | undefined;
  readonly redisMetrics?: (() => readonly Metric[]) | undefined;
  /** Of changes of leader. */
  readonly counts: () => LeadershipCounts;
  readonly coordinators: () => Promise<readonly CoordinatorEntry[]>;
  readonly health: KnownHealth;
  /** Checks that this coordinator has made, by how they ended. */
  readonly checks: Readonly<Record<"passed" | "failed", number>>;
}
