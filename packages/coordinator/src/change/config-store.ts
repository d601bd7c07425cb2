import type { SnapshotVersion } from "@shunt/core";
import type { AuditEntry, HistoryEntry, StoredConfig } from "./change.ts";

/** Configurations and changes that are kept; older ones are forgotten. */
export const KEPT_CONFIGS = 100;
export const KEPT_AUDIT_ENTRIES = 10_000;

/**
 * Where configurations survive: one SQLite file on one host, Redis on many. A store that does not answer in time rejects
 * with a `StoreUnavailable`, and nothing has changed as far as anybody can tell.
 */
export interface ConfigStore {
  latest(): Promise<StoredConfig | undefined>;
  at(generation: number): Promise<StoredConfig | undefined>;
  /** Newest first. */
  history(limit: number): Promise<readonly HistoryEntry[]>;
  /** Hashes of all files that configurations were based on, newest first. */
  fileHashes(): Promise<readonly string[]>;
  /**
   * Keeps `next` if `expected` is still the latest (undefined: there is none), and if whoever asks still leads. Returns
   * false otherwise, and nothing has changed.
   */
  append(next: StoredConfig, expected: SnapshotVersion | undefined): Promise<boolean>;
  /** Newest first. */
  audit(limit: number): Promise<readonly AuditEntry[]>;
  appendAudit(entry: AuditEntry): Promise<void>;
}

/** The store does not answer; its message is a sentence for the operator. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}
