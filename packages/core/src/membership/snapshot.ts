import type { DataPlaneConfig } from "../config/resolved.ts";

/**
 * The whole of what an acceptor decides by, at one moment. Immutable: a change is a new snapshot with a higher
 * generation, and an exchange keeps the one that it began with.
 */
export interface Snapshot {
  /** Raised by one with each change; never reused, a restart of the coordinator included. */
  readonly generation: number;
  readonly config: DataPlaneConfig;
}
