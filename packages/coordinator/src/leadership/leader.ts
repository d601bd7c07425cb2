import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { StoredConfig } from "../change/change.ts";
import { dropped } from "../change/difference.ts";
import { type First, firstConfiguration } from "../change/first-configuration.ts";
import { LocalConfiguration } from "../change/local-configuration.ts";
import type { OwnConfig } from "../change/options-of.ts";
import type { StartFile } from "../change/start-file.ts";
import type { SwitchingConfiguration } from "../change/switching-configuration.ts";
import type { SharedState } from "../shared/shared-state.ts";
import type { Duties } from "./duty.ts";

const AGAIN_AFTER_MS = 250;

export interface LeaderOptions {
  readonly shared: SharedState;
  readonly configuration: SwitchingConfiguration;
  readonly file: StartFile;
  readonly own: OwnConfig;
  readonly duties: Duties;
  /** Tells acceptors what holds. */
  readonly publish: (stored: StoredConfig) => void;
  readonly now: () => Date;
  readonly log: Logger;
}

/** What happens when leading begins: the configuration is settled, then told, then the duties start. */
export class Leader {
  readonly #options: LeaderOptions;
  /** The term in which it was said. */
  #saidWaiting: number | undefined;

  constructor(options: LeaderOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the duties have started, or when leading has ended before.
   * @throws StoreUnavailable where there is nobody else who could lead.
   */
  async begin(): Promise<void> {
    const { shared } = this.#options;
    const { leadership } = shared;
    const { term } = leadership;
    const isStill = (): boolean => leadership.leads && leadership.term === term;
    while (isStill()) {
      const stored = await this.#settled(term).catch((error: unknown) => this.#waiting(error, term));
      if (stored !== undefined && isStill()) return this.#lead(stored, term);
      if (isStill()) await pause(AGAIN_AFTER_MS);
    }
  }

  /** Redis may be away for a moment, whatever it was asked: it is asked again as long as the lease holds. */
  #waiting(error: unknown, term: number): undefined {
    const { shared, log } = this.#options;
    if (shared.ask === undefined) throw error;
    if (this.#saidWaiting !== term) log.warn({ err: error, term }, "leading waits for the store");
    this.#saidWaiting = term;
  }

  end(): void {
    const { configuration, duties } = this.#options;
    configuration.standBy();
    duties.stop();
  }

  #lead(stored: StoredConfig, term: number): void {
    const { shared, configuration, own, duties, publish, now, log } = this.#options;
    configuration.adopt(stored);
    const local = new LocalConfiguration({
      store: shared.store,
      current: stored,
      own,
      term: () => term,
      onChange: (next) => {
        configuration.adopt(next);
        publish(next);
      },
      now,
      log,
    });
    configuration.lead(local);
    publish(stored);
    duties.start(term);
  }

  /** What the store has as the latest, then. Undefined when somebody else has written there meanwhile. */
  async #settled(term: number): Promise<StoredConfig | undefined> {
    const { shared, configuration, file, now } = this.#options;
    const { store } = shared;
    const [latest, held, seen] = [await store.latest(), await shared.held(), await store.fileHashes()];
    const first = firstConfiguration({
      latest,
      kept: configuration.current,
      held,
      file: file.unconsidered,
      seen,
      isAlone: shared.ask === undefined,
      term,
      at: now().toISOString(),
    });
    if (first.kind === "begins" && !(await store.append(first.next, latest))) return undefined;
    file.considered();
    this.#tell(first);
    return first.kind === "begins" ? first.next : first.stored;
  }

  #tell(first: First): void {
    if (first.kind === "goes-on") return;
    const { next, base, why } = first;
    const { log } = this.#options;
    const version = { term: next.term, generation: next.generation };
    if (base.generation === 0) return;
    if (why === "store-lost") {
      log.warn(
        version,
        "the store was emptied or set back: the last configuration that is known holds again",
      );
      return;
    }
    const { by, at } = base;
    log.warn(
      { ...version, by, at, differences: dropped(base, next.config) },
      "the configuration file has changed: it replaces what held",
    );
  }
}
