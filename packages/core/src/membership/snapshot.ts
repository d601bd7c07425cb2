import type { DataPlaneConfig } from "../config/resolved.ts";

/**
 * When a snapshot was made: by the leader of which term, and which of its changes. A later term is newer whatever its
 * generation; within a term a later generation is. Without other coordinators there is one term, 0.
 */
export interface SnapshotVersion {
  /** Raised by one with each change of leader; a leader writes its own and no other (fencing). */
  readonly term: number;
  /** Raised by one with each change; never reused, a restart of the coordinator included. */
  readonly generation: number;
}

/**
 * The whole of what an acceptor decides by, at one moment. Immutable: a change is a new snapshot with a higher
 * version, and an exchange keeps the one that it began with.
 */
export interface Snapshot extends SnapshotVersion {
  readonly config: DataPlaneConfig;
}

export function isNewer(version: SnapshotVersion, than: SnapshotVersion): boolean {
  if (version.term !== than.term) return version.term > than.term;
  return version.generation > than.generation;
}
