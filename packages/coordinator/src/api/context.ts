import type { ResolvedConfig, Snapshot } from "@shunt/core";
import type { Logger } from "pino";
import type { EventLog } from "../events/event-log.ts";
import type { RecentExchanges } from "../membership/recent.ts";
import type { Registry } from "../membership/registry.ts";

/** What the resources of the API are made of. */
export interface ApiContext {
  readonly config: ResolvedConfig;
  /** What acceptors are to decide by now. */
  readonly current: () => Snapshot;
  readonly version: string;
  readonly log: Logger;
  readonly registry: Registry;
  readonly recent: RecentExchanges;
  readonly events: EventLog;
}
