import type { AcceptorCounters, AcceptorMessage, CoordinatorMessage } from "@shunt/core";

/** What comes over a transport. */
export interface TransportEvents {
  /** It can send: everything is to be told anew, for whoever listens may know nothing. */
  onOpen(): void;
  onMessage(message: CoordinatorMessage): void;
  /** It cannot send until it opens again, which it tries for ever by itself. `reason` is for the log. */
  onLost(reason: string): void;
}

/** How an acceptor reaches coordinators. It never makes the acceptor wait: what cannot be sent now is not sent. */
export interface Transport {
  /** Whether a report would leave now. */
  readonly canSend: boolean;
  open(events: TransportEvents): void;
  send(message: AcceptorMessage): void;
  /** What it counts about itself. */
  counters(): Pick<AcceptorCounters, "gauges" | "labelled">;
  /** Resolves when what was sent has left or cannot leave any more. */
  close(): Promise<void>;
}
