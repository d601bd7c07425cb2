import type { AuditEntry, ChangeOutcome, ChangeRequest, HistoryEntry, StoredConfig } from "./change.ts";

/**
 * The configuration that holds, as the API sees it: on a leader it is made here, on a coordinator that stands by it is
 * asked for at the leader.
 */
export interface Configuration {
  readonly current: StoredConfig;
  /** Never rejects for what is wrong with the request. Audited, unless it is a dry run. */
  change(request: ChangeRequest): Promise<ChangeOutcome>;
  history(limit: number): Promise<readonly HistoryEntry[]>;
  audit(limit: number): Promise<readonly AuditEntry[]>;
  at(generation: number): Promise<StoredConfig | undefined>;
}
