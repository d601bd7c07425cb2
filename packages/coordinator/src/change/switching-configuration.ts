import { isNewer } from "@shunt/core";
import type { AuditEntry, ChangeOutcome, ChangeRequest, HistoryEntry, StoredConfig } from "./change.ts";
import type { ConfigStore } from "./config-store.ts";
import type { Configuration } from "./configuration.ts";

export interface SwitchingOptions {
  readonly store: ConfigStore;
  /** What holds as far as this coordinator knows at its start. */
  readonly current: StoredConfig;
  /** Whether changes may be made here at this moment. */
  readonly leads: () => boolean;
  /** How the leader is asked; undefined where there is no other coordinator. */
  readonly ask: ((request: ChangeRequest) => Promise<ChangeOutcome>) | undefined;
  /** Called when another one holds, before anybody is answered. */
  readonly onCurrent: (stored: StoredConfig, before: StoredConfig) => void;
}

/**
 * The configuration that holds, on any coordinator: while it leads, changes are made here; while it stands by, the leader
 * is asked for them, and what it makes is followed.
 */
export class SwitchingConfiguration implements Configuration {
  readonly #options: SwitchingOptions;
  #current: StoredConfig;
  #local: Configuration | undefined;

  constructor(options: SwitchingOptions) {
    this.#options = options;
    this.#current = options.current;
  }

  get current(): StoredConfig {
    return this.#current;
  }

  /** From now on changes are made by `local`, as long as this coordinator leads. */
  lead(local: Configuration): void {
    this.#local = local;
  }

  standBy(): void {
    this.#local = undefined;
  }

  /** Another one holds, if it is newer than what does. */
  adopt(stored: StoredConfig): void {
    if (!isNewer(stored, this.#current)) return;
    const before = this.#current;
    this.#current = stored;
    this.#options.onCurrent(stored, before);
  }

  /** Looks for what the leader has made. @throws StoreUnavailable */
  async follow(): Promise<void> {
    const stored = await this.#options.store.latest();
    if (stored !== undefined) this.adopt(stored);
  }

  async change(request: ChangeRequest): Promise<ChangeOutcome> {
    const { leads, ask } = this.#options;
    if (this.#local !== undefined && leads()) return await this.#local.change(request);
    if (ask === undefined) return { kind: "unavailable", detail: "This coordinator begins to lead" };
    // One that begins to lead asks as well: it hears itself as soon as it makes changes.
    const outcome = await ask(request);
    // Who reads here what was changed here finds it; if the store is away now, it is followed later.
    if (outcome.kind === "changed") await this.follow().catch(() => {});
    return outcome;
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
}
