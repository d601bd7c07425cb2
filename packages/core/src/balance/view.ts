import type { BalanceName } from "../config/resolved.ts";

/** One server of a pool as this acceptor sees it now. */
export interface Candidate {
  readonly name: string;
  /** Above 0; in a slow start `ramp` times the configured one. */
  readonly weight: number;
  /**
   * The part of its configured weight that `weight` is: below 1 in a slow start. For balancers that go by a plan, which
   * knows the configured weights alone.
   */
  readonly ramp: number;
  /** Takes new requests: its state is `ready`, and its health allows it or counts no more. */
  readonly ready: boolean;
  /** Requests sent by this acceptor and not yet answered. */
  readonly outstanding: number;
  /** The same of all other acceptors together, as last published. */
  readonly reported: number;
  /** The average of `reported` over about a second. */
  readonly reportedAverage: number;
  /** Milliseconds since `reported` was measured. */
  readonly reportedAgeMs: number;
  /** Peak-sensitive moving average of the answer time in milliseconds; 0 while nothing was measured. */
  readonly latencyMs: number;
  /** How loaded the server last said that it is, 0 (idle) to 1 (full); 0 where it says nothing. */
  readonly announced: number;
  /** Milliseconds since it said so. Looked at only where it said something. */
  readonly announcedAgeMs: number;
  /** Most that it may have outstanding from this acceptor by a limit of its own; UNBOUNDED is none. */
  readonly limit: number;
  /**
   * Requests that this acceptor may still send it by its share of a limit that holds for the whole cluster; not above 0
   * when the share is used up, UNBOUNDED where there is no such limit.
   */
  readonly room: number;
}

/**
 * All that choosing a server of one pool depends on, besides the seed. No clock, no chance and no socket hides
 * behind it, so that a recorded view gives the recorded choice again.
 */
export interface PoolView {
  readonly balance: BalanceName;
  readonly candidates: readonly Candidate[];
  /** Acceptors that share the servers; above 1, no one of them knows all that is outstanding. */
  readonly acceptors: number;
  /** Most that one server may have outstanding from this acceptor. */
  readonly outstandingPerServer: number;
  /** Most that the pool may have outstanding from this acceptor; 0 is no limit. */
  readonly outstandingLimit: number;
  /** As that of a candidate, for a limit of the pool as a whole. */
  readonly room: number;
  /** How many choices were made in this pool before: the place of a round-robin. */
  readonly turn: number;
  /** Built once per snapshot for what needs it (round-robin order, hash ring). */
  readonly plan: BalancePlan;
}

/** Derived from names and weights alone, so that every acceptor derives the same. */
export interface BalancePlan {
  /** Candidate indices in smooth weighted round-robin order. */
  readonly order: readonly number[];
  /** Positions on the ring, ascending, unsigned 32 bit. */
  readonly ringPoints: Uint32Array;
  /** Candidate index of each position. */
  readonly ringOwners: Uint16Array;
}
