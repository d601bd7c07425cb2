import type { LogLevel, ResolvedConfig, ResolvedListener, ResolvedRedis } from "../config/resolved.ts";
import type { Snapshot, SnapshotVersion } from "../membership/snapshot.ts";

/**
 * What processes tell each other. Acceptors and the coordinator speak it over the state bus, one JSON document a
 * line; the supervisor and its children over the IPC channel of the fork. Unknown fields are ignored, so that a
 * version older or newer still understands; unknown kinds are refused by decode.ts.
 */

/** What one acceptor has at one server, as measured by that acceptor. */
export interface ServerLoad extends ServerMeasures {
  /** `pool/server`. */
  readonly server: string;
  readonly outstanding: number;
}

export interface ServerMeasures {
  /** Peak-sensitive moving average of the answer time in milliseconds; 0 while nothing was measured. */
  readonly latencyMs: number;
  /** Requests ever sent there by this acceptor. */
  readonly requests: number;
  /** Attempts ever failed there. */
  readonly failures: number;
  /** Connections open now, the idle ones included. */
  readonly connections: number;
  /** Responses ever received from it with a status of 500 or above. */
  readonly errors: number;
  /** Answers ever received, by how long they took: a count for each bucket of ANSWER_BOUNDS_MS; undefined is none. */
  readonly answers?: readonly number[] | undefined;
  /** How long all of them took together, in milliseconds. */
  readonly answerMs?: number | undefined;
  /** Whether this acceptor has ejected it for now. */
  readonly ejected: boolean;
  /** Why it is ejected, in words; undefined while it is not. */
  readonly ejectedFor?: string | undefined;
  /** How loaded the server last told this acceptor that it is, 0 (idle) to 1 (full); undefined while it says nothing. */
  readonly announced?: number | undefined;
}

/**
 * What changed at one server, as it is reported ten times a second: a list, for there may be thousands. Without
 * measures those that were reported last hold on.
 */
export type ReportedLoad =
  | readonly [server: string, outstanding: number]
  | readonly [server: string, outstanding: number, measures: ServerMeasures];

/** What is outstanding at one server, by all acceptors together or by all others. */
export interface PublishedLoad {
  /** `pool/server`. */
  readonly server: string;
  readonly outstanding: number;
  /** How loaded the server says that it is, 0 to 1; undefined while it says nothing. */
  readonly announced?: number | undefined;
}

/**
 * What active checks find of one server, for the whole cluster. Servers without checks are not named.
 */
export interface ServerHealth {
  /** `pool/server`. */
  readonly server: string;
  readonly healthy: boolean;
  /** In words: why it is not, or was not before. */
  readonly reason: string;
}

/** What one acceptor uses, and wants, of a limit that holds across all acceptors. */
export interface ShareUse {
  /** What is limited: a `pool`, or a server as `pool/server`. */
  readonly limited: string;
  readonly outstanding: number;
  /** What it may have outstanding there by a grant whose lease has not ended; 0 where there is none. */
  readonly share: number;
  /** Requests that its share kept from going there since the last report. */
  readonly refused: number;
}

/** The part of a report that is about limits that hold across all acceptors. */
export interface ShareReport {
  /** All of these limits; empty where there are none. */
  readonly shares: readonly ShareUse[];
  /**
   * Number of the last grant that it works by, or one more when the lease of that has ended; 0 before the first. No
   * request is started any more by a grant with a lower number.
   */
  readonly granted: number;
}

/** What one acceptor may have outstanding of each limit that holds across all acceptors. */
export interface ShareGrant {
  /**
   * The report of the acceptor that this answers. The lease runs from the moment at which the acceptor sent that
   * report, by its own monotonic clock: so it ends there before it ends at whoever granted it.
   */
  readonly basedOn: number;
  /** What is limited -> requests outstanding. One that is not named has none. */
  readonly shares: Readonly<Record<string, number>>;
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
  /** Why no server of its class's own pool took it: what stood in the way of the one that came nearest to it. */
  readonly unserved?: string | undefined;
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
      /** Name of the host that it runs on. */
      readonly host: string;
      readonly pid: number;
      /** Of the snapshot that it holds. */
      readonly term: number;
      readonly generation: number;
      readonly version: string;
    }
  | ({
      readonly kind: "load";
      /** Number of this report; each is one above the last of the same acceptor. */
      readonly seq: number;
      /** Those that have changed since the last report; all that were ever used, with measures, in the first after a hello. */
      readonly servers: readonly ReportedLoad[];
    } & ShareReport)
  | {
      readonly kind: "status";
      readonly state: "starting" | "accepting" | "draining" | "stopped";
      readonly term: number;
      readonly generation: number;
      readonly connections: number;
      readonly exchanges: number;
      readonly counters: AcceptorCounters;
    }
  | { readonly kind: "recent"; readonly request: number; readonly exchanges: readonly ExchangeRecord[] };

/** Coordinator to acceptors. */
export type CoordinatorMessage = Publication | Question;

/** State that all acceptors are told alike, those that join later included; the last one of each kind holds. */
export type Publication =
  | { readonly kind: "snapshot"; readonly snapshot: Snapshot }
  | {
      readonly kind: "load";
      /** Of the snapshot whose servers the lists are about. Whoever holds another leaves them alone. */
      readonly term: number;
      readonly generation: number;
      /**
       * Which report of each acceptor is in the totals. Whoever takes part finds himself here, and takes out what he
       * reported then: what is left is the load of the others.
       */
      readonly included: Readonly<Record<string, number>>;
      /** Of each server, in the order of `serverNames`: numbers alone, for this is what everybody is told most. */
      readonly outstanding: readonly number[];
      /** Index of a server in that order -> how loaded it says that it is, 0 to 1. */
      readonly announced: Readonly<Record<string, number>>;
    }
  /** All servers that are checked. */
  | { readonly kind: "health"; readonly servers: readonly ServerHealth[] }
  | SharePublication;

/** Who may have what of all limits that hold across acceptors. */
export interface SharePublication {
  readonly kind: "shares";
  /** Number of this grant; rises with each, whoever grants: it begins with the term. */
  readonly seq: number;
  /**
   * Whoever grants leads since a moment ago, and knows only what acceptors say that they have: a share is the lower of
   * what is granted here and what the acceptor has, and whoever is not named has not been heard yet, and keeps what he has.
   */
  readonly confirms: boolean;
  /** How long what is granted here holds, in milliseconds; see ShareGrant.basedOn. */
  readonly leaseMs: number;
  /** By acceptor. Whoever is not named has no share. */
  readonly grants: Readonly<Record<string, ShareGrant>>;
}

/** To one acceptor, which answers. */
export type Question =
  | { readonly kind: "get-recent"; readonly request: number; readonly limit: number }
  /** Say everything anew, beginning with a hello: who asks has lost track. */
  | { readonly kind: "tell-all" };

/** Supervisor to acceptor, over IPC. */
export type SupervisorMessage =
  | {
      readonly kind: "start";
      readonly acceptor: string;
      /** Name of the host, as it stands in what coordinators show. */
      readonly host: string;
      readonly snapshot: Snapshot;
      /** How coordinators are reached. */
      readonly state: BusAccess;
      /** The file that keeps the last snapshot that was adopted. */
      readonly lastKnownGood: string;
    }
  /**
   * A listening handle rides on it. `place` names in what follows where the acceptor listens; a listener has more than one while
   * it moves. The handles of a place come one by one; `last`: there are no more.
   */
  | {
      readonly kind: "listen";
      readonly listener: ResolvedListener;
      readonly place: number;
      readonly last: boolean;
    }
  /** Accept what waits there until nobody has come for a moment, or for `mostMs`; then close it. */
  | { readonly kind: "unlisten"; readonly place: number; readonly mostMs: number }
  | { readonly kind: "drain" };

/** How an acceptor reaches coordinators. */
export type BusAccess =
  /** `bus`: the Unix socket of the coordinator of this host. */
  { readonly kind: "embedded"; readonly bus: string } | ResolvedRedis;

/** What of a snapshot is carried out by the supervisor. */
export interface HostPart extends SnapshotVersion {
  readonly listeners: readonly ResolvedListener[];
  readonly acceptors: number;
  readonly drainMs: number;
  readonly logLevel: LogLevel;
}

/** Acceptor to supervisor, over IPC. */
export type AcceptorNotice =
  | { readonly kind: "listening"; readonly place: number }
  /** Nobody is accepted there by this acceptor any more. */
  | { readonly kind: "closed"; readonly place: number }
  /** It has adopted a snapshot. */
  | { readonly kind: "snapshot"; readonly part: HostPart }
  /** It was asked to end: it drains when it is told that its successor listens. */
  | { readonly kind: "leaving" }
  | { readonly kind: "drained" }
  | LastWords;

/** Supervisor to coordinator, over IPC. */
export interface CoordinatorOrder {
  readonly kind: "start";
  /** Name of this host among the others. */
  readonly host: string;
  readonly config: ResolvedConfig;
  /** Of the file that `config` is from: whether it was seen before decides whether it wins over what was changed since. */
  readonly fileHash: string;
  /** Where the state bus is to listen; not used with Redis. */
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
      /** What acceptors are to start with; undefined: not known yet, since Redis is away. */
      readonly snapshot?: Snapshot | undefined;
      /** Where the admin API really listens: port 0 has become a port. */
      readonly admin: { readonly host: string; readonly port: number };
    }
  | LastWords;

/** A child's last words, in a sentence for the operator. */
export interface LastWords {
  readonly kind: "failed";
  readonly reason: string;
}

/** What `emit-snapshot` finds in Redis, over IPC. */
export type SnapshotNotice =
  | { readonly kind: "found"; readonly snapshot: Snapshot }
  /** Redis answers, and no coordinator has published yet. */
  | { readonly kind: "none" }
  /** In words: why Redis does not answer, or what is wrong with the answer. */
  | { readonly kind: "away"; readonly reason: string };

/** What `emit-config` found in a configuration file, over IPC. */
export type ConfigNotice =
  | {
      readonly kind: "config";
      readonly config: ResolvedConfig;
      /** SHA-256 of the file, hexadecimal. */
      readonly fileHash: string;
      readonly warnings: readonly string[];
    }
  /** A line each, with its place. */
  | { readonly kind: "mistakes"; readonly mistakes: readonly string[] };
