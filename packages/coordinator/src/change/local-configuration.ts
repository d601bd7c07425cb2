import { type DataPlaneConfig, isNewer, type SnapshotVersion } from "@shunt/core";
import type { Logger } from "pino";
import type {
  AuditEntry,
  ChangeOutcome,
  ChangeRequest,
  Difference,
  Edit,
  HistoryEntry,
  StoredConfig,
} from "./change.ts";
import { type ConfigStore, StoreUnavailable } from "./config-store.ts";
import type { Configuration } from "./configuration.ts";
import { differences } from "./difference.ts";
import { edited } from "./edit.ts";
import type { OwnConfig } from "./options-of.ts";

/** Changes that wait for those before them; whoever asks for one more is to ask later. */
const MOST_WAITING = 256;

export interface LocalConfigurationOptions {
  readonly store: ConfigStore;
  /** What holds, and is the latest of the store. */
  readonly current: StoredConfig;
  readonly own: OwnConfig;
  /** Of whoever makes changes here. */
  readonly term: () => number;
  /** Called with each change, when the store has it and before whoever asked is answered. */
  readonly onChange: (stored: StoredConfig) => void;
  readonly now: () => Date;
  readonly log: Logger;
}

/**
 * The configuration on the coordinator that changes it. One change after the other: each is judged by what the one before
 * it has made, kept by the store, and only then true. What fails leaves everything as it was.
 */
export class LocalConfiguration implements Configuration {
  readonly #options: LocalConfigurationOptions;
  #current: StoredConfig;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: LocalConfigurationOptions) {
    this.#options = options;
    this.#current = options.current;
  }

  get current(): StoredConfig {
    return this.#current;
  }

  async change(request: ChangeRequest): Promise<ChangeOutcome> {
    if (this.#waiting >= MOST_WAITING) return unavailable(`${MOST_WAITING} changes wait already`);
    this.#waiting += 1;
    const turn = this.#last.then(() => this.#audited(request));
    this.#last = turn.catch(() => {});
    return await turn.finally(() => {
      this.#waiting -= 1;
    });
  }

  history(limit: number): Promise<readonly HistoryEntry[]> {
    return this.#options.store.history(limit);
  }

  audit(limit: number): Promise<readonly AuditEntry[]> {
    return this.#options.store.audit(limit);
  }

  at(generation: number): Promise<StoredConfig | undefined> {
    return this.#options.store.at(generation);
  }

  async #audited(request: ChangeRequest): Promise<ChangeOutcome> {
    const before = versionOf(this.#current);
    const outcome = await this.#changed(request);
    if (request.dryRun) return outcome;
    const { log, now, store } = this.#options;
    const what = describeEdit(request.edit);
    const { by } = request;
    log.info({ by, what, outcome: outcome.kind, ...versionOf(this.#current) }, "change of the configuration");
    const entry: AuditEntry = {
      at: now().toISOString(),
      by,
      what,
      outcome: outcome.kind,
      before,
      after: versionOf(this.#current),
      differences: "differences" in outcome ? outcome.differences : [],
    };
    // What is made is made: that it cannot be written down is for the log.
    await store
      .appendAudit(entry)
      .catch((error: unknown) => log.error({ err: error, entry }, "audit log cannot be written"));
    return outcome;
  }

  async #changed(request: ChangeRequest): Promise<ChangeOutcome> {
    try {
      return await this.#tried(request);
    } catch (error) {
      if (error instanceof StoreUnavailable) return unavailable(error.message);
      throw error;
    }
  }

  async #tried({ edit, ifMatch, dryRun, by }: ChangeRequest, again = true): Promise<ChangeOutcome> {
    const { store, own, onChange } = this.#options;
    const current = this.#current;
    if (ifMatch !== undefined && !isSame(ifMatch, current))
      return { kind: "conflict", version: versionOf(current) };
    const earlier = edit.kind === "rollback" ? (await store.at(edit.generation))?.config : undefined;
    const result = edited(edit, { config: current.config, own, earlier });
    if (result.kind !== "edited") return result;
    const found = differences(current.config, result.config);
    const told = { version: versionOf(current), differences: found, warnings: result.warnings };
    // A file that says the same in other words is kept all the same: it is the one that changes are bound to now.
    const fileHash = (edit.kind === "replace" ? edit.fileHash : undefined) ?? current.fileHash;
    if (found.length === 0 && fileHash === current.fileHash) return { kind: "unchanged", ...told };
    if (dryRun) return { kind: "would-change", ...told };
    const next = this.#next(result.config, fileHash, by, summaryOf(edit, found));
    if (!(await store.append(next, versionOf(current)))) {
      return again && (await this.#catchUp())
        ? await this.#tried({ edit, ifMatch, dryRun, by }, false)
        : unavailable("The store has a configuration that is not from here: another coordinator leads");
    }
    this.#current = next;
    onChange(next);
    return { kind: "changed", ...told, version: versionOf(next) };
  }

  #next(config: DataPlaneConfig, fileHash: string, by: string, summary: string): StoredConfig {
    return {
      term: this.#options.term(),
      generation: this.#current.generation + 1,
      config,
      fileHash,
      by,
      at: this.#options.now().toISOString(),
      summary,
    };
  }

  /** A store that did not answer in time may have kept a change of ours nevertheless: then that one holds. */
  async #catchUp(): Promise<boolean> {
    const latest = await this.#options.store.latest();
    if (latest === undefined || latest.term !== this.#options.term()) return false;
    if (!isNewer(latest, this.#current)) return false;
    this.#current = latest;
    this.#options.onChange(latest);
    return true;
  }
}

function unavailable(detail: string): ChangeOutcome {
  return { kind: "unavailable", detail };
}

function versionOf({ term, generation }: SnapshotVersion): SnapshotVersion {
  return { term, generation };
}

function isSame(one: SnapshotVersion, other: SnapshotVersion): boolean {
  return one.term === other.term && one.generation === other.generation;
}

/** In a few words and without secrets. */
function describeEdit(edit: Edit): string {
  switch (edit.kind) {
    case "replace":
      return "the whole configuration";
    case "add-server":
      return `${edit.pool}/${edit.server}: added`;
    case "patch-server": {
      const { state, weight } = edit;
      const changes = [state && `state ${state}`, weight && `weight ${weight}`].filter(Boolean);
      return `${edit.pool}/${edit.server}: ${changes.join(", ")}`;
    }
    case "remove-server":
      return `${edit.pool}/${edit.server}: removed`;
    case "rollback":
      return `back to generation ${edit.generation}`;
  }
}

const NAMED_IN_SUMMARY = 3;

/** Of a whole configuration it says where it differs. */
function summaryOf(edit: Edit, found: readonly Difference[]): string {
  if (edit.kind !== "replace") return describeEdit(edit);
  if (found.length === 0) return "another file that says the same";
  const named = found.slice(0, NAMED_IN_SUMMARY).map(({ pointer }) => pointer);
  const more = found.length - named.length;
  return `changed ${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
