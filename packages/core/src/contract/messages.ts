import type { ResolvedConfig } from "../config/resolved.ts";
import type { Snapshot } from "../membership/snapshot.ts";

/**
 * What processes tell each other. Acceptors and the coordinator speak it over the state bus, one JSON document a
 * line; the supervisor and its children over the IPC channel of the fork. Unknown fields are ignored, so that a
 * version older or newer still understands; unknown kinds are refused by decode.ts.
 */

/** Requests of one acceptor at one server, as measured by that acceptor. */
export interface ServerLoad {
  /** `pool/server`. */
  readonly server: string;
  readonly outstanding: number;
  /** Peak-sensitive moving average of the answer time in milliseconds; 0 while nothing was measured. */
  readonly latencyMs: number;
  /** Requests ever sent there by this acceptor. */
  readonly requests: number;
  /** Attempts ever failed there. */
  readonly failures: number;
  /** Connections open now, the idle ones included. */
  readonly connections: number;
  /** Whether this acceptor has ejected it for now. */
  readonly ejected: boolean;
}

/** The total of all acceptors but the reader at one server, as published by the coordinator. */
export interface PublishedLoad {
  readonly server: string;
  readonly outstanding: number;
}

/** Monotonic counters and gauges of one acceptor; names are those of the metrics without `shunt_`. */
export interface AcceptorCounters {
  readonly counters: Readonly<Record<string, number>>;
  readonly gauges: Readonly<Record<string, number>>;
  /** Counters with one bounded label each: name -> label value -> count. The label's name is in metrics. */
  readonly labelled: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Histograms: name -> upper bounds in seconds and cumulative-free counts per bucket (one more than bounds). */
  readonly histograms: Readonly<
    Record<
      string,
      { readonly bounds: readonly number[]; readonly counts: readonly number[]; readonly sum: number }
    >
  >;
}

/** A remembered exchange with its decision. */
export interface ExchangeRecord {
  readonly id: string;
  readonly acceptor: string;
  /** Milliseconds since the epoch, of the first byte of the head. */
  readonly startedAt: number;
  readonly client: string;
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly user: string | undefined;
  readonly class: string;
  /** Undefined: no rule matched, the default class was taken. */
  readonly rule: string | undefined;
  /** The facts that the rules read, name to values; secrets (Authorization and the like) are never among them. */
  readonly facts: Readonly<Record<string, readonly string[]>>;
  readonly generation: number;
  readonly attempts: readonly AttemptRecord[];
  readonly status: number;
  /** How it ended, in words of the access log. */
  readonly ended: string;
  readonly timers: Readonly<Record<string, number>>;
}

export interface AttemptRecord {
  readonly pool: string;
  readonly server: string | undefined;
  readonly seed: number;
  readonly spilled: boolean;
  /** What was compared: server and score; the lowest wins. */
  readonly compared: readonly { readonly server: string; readonly score: number }[];
  /** A code of errors.ts, when the attempt failed. */
  readonly failure: string | undefined;
}

/** Acceptor to coordinator. */
export type AcceptorMessage =
  | {
      readonly kind: "hello";
      readonly acceptor: string;
      readonly pid: number;
      readonly generation: number;
      readonly version: string;
    }
  | { readonly kind: "load"; readonly servers: readonly ServerLoad[] }
  | {
      readonly kind: "status";
      readonly state: "starting" | "accepting" | "draining" | "stopped";
      readonly generation: number;
      readonly connections: number;
      readonly exchanges: number;
      readonly counters: AcceptorCounters;
    }
  | { readonly kind: "recent"; readonly request: number; readonly exchanges: readonly ExchangeRecord[] };

/** Coordinator to acceptor. */
export type CoordinatorMessage =
  | { readonly kind: "snapshot"; readonly snapshot: Snapshot }
  | {
      readonly kind: "load";
      /** Acceptors that take part, the reader included. */
      readonly acceptors: number;
      /** Totals of all acceptors but the reader. */
      readonly servers: readonly PublishedLoad[];
    }
  | { readonly kind: "get-recent"; readonly request: number; readonly limit: number };

/** Supervisor to acceptor, over IPC. A listening handle rides on `listen`. */
export type SupervisorMessage =
  | {
      readonly kind: "start";
      readonly acceptor: string;
      readonly snapshot: Snapshot;
      /** The coordinator's Unix socket. */
      readonly bus: string;
    }
  | { readonly kind: "listen"; readonly listener: string }
  | { readonly kind: "drain" };

/** Acceptor to supervisor, over IPC. */
export type AcceptorNotice =
  | { readonly kind: "listening"; readonly listener: string }
  /** Accepts nothing new: whoever is to replace it may start now. */
  | { readonly kind: "draining" }
  | { readonly kind: "drained" }
  | LastWords;

/** Supervisor to coordinator, over IPC. */
export interface CoordinatorOrder {
  readonly kind: "start";
  readonly config: ResolvedConfig;
  /** Where the state bus is to listen. */
  readonly bus: string;
  /** Where the admin API is to listen: what `config` says, or what the system chose before when that is 0. */
  readonly adminPort: number;
  /** Names the supervisor's life: totals of acceptors that are gone count only within one. */
  readonly epoch: string;
}

/** Coordinator to supervisor, over IPC. */
export type CoordinatorNotice =
  | {
      readonly kind: "ready";
      /** What acceptors are to start with. */
      readonly snapshot: Snapshot;
      /** Where the admin API really listens: port 0 has become a port. */
      readonly admin: { readonly host: string; readonly port: number };
    }
  | LastWords;

/** A child's last words, in a sentence for the operator. */
export interface LastWords {
  readonly kind: "failed";
  readonly reason: string;
}

/** What `emit-config` found in a configuration file, over IPC. */
export type ConfigNotice =
  | { readonly kind: "config"; readonly config: ResolvedConfig; readonly warnings: readonly string[] }
  /** A line each, with its place. */
  | { readonly kind: "mistakes"; readonly mistakes: readonly string[] };
