import type {
  AcceptorCounters,
  ExchangeRecord,
  PublishedLoad,
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
  /** Starts accepting on a listening handle. */
  adopt(listener: string, handle: object): Promise<void>;
  apply(snapshot: Snapshot): void;
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
