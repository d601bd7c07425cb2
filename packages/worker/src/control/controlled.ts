import type {
  AcceptorCounters,
  ExchangeRecord,
  PublishedLoad,
  ResolvedListener,
  ServerHealth,
  ServerLoad,
  SharePublication,
  ShareReport,
  Snapshot,
} from "@shunt/core";

/** What the control side asks of an acceptor: the whole of the seam between it and the data path. */
export interface ControlledAcceptor {
  readonly state: "starting" | "accepting" | "draining" | "stopped";
  readonly connections: number;
  readonly exchanges: number;
  /** Resolves when classifier threads are up and warm. */
  start(): Promise<void>;
  /** Starts accepting on a listening handle; `place` names it in `unlisten`. */
  listen(listener: ResolvedListener, place: number, handle: object): Promise<void>;
  /** Accepts what waits there until nobody has come for a moment, or for `mostMs`; resolves when the place is closed. */
  unlisten(place: number, mostMs: number): Promise<void>;
  /** Resolves with whether it works by that snapshot from now on; rejects when it cannot be used. */
  apply(snapshot: Snapshot): Promise<boolean>;
  /** `servers`: what all other acceptors have outstanding. */
  applyLoad(acceptors: number, servers: readonly PublishedLoad[]): void;
  /** What active checks find; all servers that are checked. */
  applyHealth(servers: readonly ServerHealth[]): void;
  /** What may be outstanding of limits that hold across acceptors. */
  applyShares(grants: SharePublication): void;
  loads(): readonly ServerLoad[];
  /** For the report with number `seq`, which is sent now. */
  reportShares(seq: number): ShareReport;
  counters(): AcceptorCounters;
  /** Newest first. */
  recent(limit: number): readonly ExchangeRecord[];
  /** Stops accepting, finishes what is in flight within `timeouts.drainMs`. */
  drain(): Promise<void>;
  reopenLogs(): void;
}
