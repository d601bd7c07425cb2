import type { DataPlaneConfig, ServerState, SnapshotVersion } from "@shunt/core";

/**
 * A change of the configuration as somebody asked for it, over the API or by a changed file. Plain data: a coordinator
 * that stands by hands it to the leader as it is.
 */
export interface ChangeRequest {
  readonly edit: Edit;
  /** Refused unless this is what holds; undefined: whatever holds. */
  readonly ifMatch: SnapshotVersion | undefined;
  /** Say what would change, and change nothing. */
  readonly dryRun: boolean;
  /** Who asks, for the audit log: name of the token, or `file`. */
  readonly by: string;
}

export type Edit =
  /** The whole configuration, in the form of a configuration file. */
  | {
      readonly kind: "replace";
      readonly options: unknown;
      /** Where it is that of a changed file, the hash of that: then it is kept, even if nothing else has changed. */
      readonly fileHash?: string | undefined;
    }
  | {
      readonly kind: "add-server";
      readonly pool: string;
      readonly server: string;
      /** As in a configuration file. */
      readonly options: unknown;
    }
  | {
      readonly kind: "patch-server";
      readonly pool: string;
      readonly server: string;
      readonly state?: ServerState | undefined;
      readonly weight?: number | undefined;
    }
  | { readonly kind: "remove-server"; readonly pool: string; readonly server: string }
  /** Back to what held as this generation. It becomes a new one. */
  | { readonly kind: "rollback"; readonly generation: number };

/** One difference between two configurations. */
export interface Difference {
  /** JSON pointer into the configuration, in the form of a configuration file. */
  readonly pointer: string;
  /** Undefined: it was not there. Secrets are never shown. */
  readonly before: unknown;
  /** Undefined: it is not there any more. */
  readonly after: unknown;
}

/** What became of a change. Plain data, too. */
export type ChangeOutcome =
  | {
      /** `unchanged`: it says what holds already, so there is no new generation. `would-change`: a dry run. */
      readonly kind: "changed" | "unchanged" | "would-change";
      /** What holds now. */
      readonly version: SnapshotVersion;
      readonly differences: readonly Difference[];
      /** Sentences: what works and is probably not meant. */
      readonly warnings: readonly string[];
    }
  /** What was to be matched does not hold any more; this does. */
  | { readonly kind: "conflict"; readonly version: SnapshotVersion }
  | {
      readonly kind: "invalid";
      readonly mistakes: readonly { readonly pointer: string; readonly detail: string }[];
    }
  /** There is no such pool, server or generation. */
  | { readonly kind: "unknown"; readonly detail: string }
  /** Nobody could make the change: no coordinator leads, or the store does not answer. It may be asked for again. */
  | { readonly kind: "unavailable"; readonly detail: string };

/** A configuration that was made, as the store keeps it. */
export interface StoredConfig extends SnapshotVersion {
  readonly config: DataPlaneConfig;
  /**
   * SHA-256 of the configuration file that it stands on: what was changed over the API is bound to that file. A file
   * that the store has not seen wins over it.
   */
  readonly fileHash: string;
  readonly by: string;
  /** ISO 8601. For people: nothing is decided by it. */
  readonly at: string;
  /** In a few words: `gold/g1: state drain`. */
  readonly summary: string;
}

/** A stored configuration without its content. */
export type HistoryEntry = Omit<StoredConfig, "config">;

/** A line of the audit log: every change that was asked for and allowed to be, whether it was made or not. */
export interface AuditEntry {
  readonly at: string;
  readonly by: string;
  /** What was asked for, without secrets. */
  readonly what: string;
  readonly outcome: ChangeOutcome["kind"];
  readonly before: SnapshotVersion;
  readonly after: SnapshotVersion;
  readonly differences: readonly Difference[];
}
