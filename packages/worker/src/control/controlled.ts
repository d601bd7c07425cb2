import type { AcceptorCounters, ExchangeRecord, PublishedLoad, ServerLoad, Snapshot } from "@shunt/core";

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
  applyLoad(acceptors: number, servers: readonly PublishedLoad[]): void;
  loads(): readonly ServerLoad[];
  counters(): AcceptorCounters;
  /** Newest first. */
  recent(limit: number): readonly ExchangeRecord[];
  /** Stops accepting, finishes what is in flight within `timeouts.drainMs`. */
  drain(): Promise<void>;
  reopenLogs(): void;
}
