import { isNewer } from "@shunt/core";
import type { Logger } from "pino";
import type { ChangeOutcome, ChangeRequest } from "../change/change.ts";
import { optionsOf, SHOWN } from "../change/options-of.ts";
import type { StartFile } from "../change/start-file.ts";
import type { SwitchingConfiguration } from "../change/switching-configuration.ts";
import type { KnownHealth } from "../health/known-health.ts";
import type { SharedState } from "../shared/shared-state.ts";

const LOOK_EVERY_MS = 200;
/** What the leader finds of servers is looked at so often: whoever takes over goes on from there. */
const HEAR_HEALTH_EVERY_MS = 1_000;

export interface StandbyOptions {
  readonly shared: SharedState;
  readonly configuration: SwitchingConfiguration;
  readonly file: StartFile;
  readonly health: KnownHealth;
  readonly log: Logger;
}

/** What a coordinator does that does not lead: it follows what the leader makes, and hands it the file it started with. */
export class Standby {
  readonly #options: StandbyOptions;
  #tickers: NodeJS.Timeout[] = [];
  #isLooking = false;

  constructor(options: StandbyOptions) {
    this.#options = options;
  }

  start(): void {
    this.#tickers = [
      setInterval(() => this.#tick(), LOOK_EVERY_MS),
      setInterval(() => this.#hearHealth(), HEAR_HEALTH_EVERY_MS),
    ];
  }

  stop(): void {
    for (const ticker of this.#tickers) clearInterval(ticker);
  }

  #hearHealth(): void {
    const { shared, health, log } = this.#options;
    if (shared.leadership.leads) return;
    shared.bus.lastHealth().then(
      (servers) => {
        if (servers !== undefined && !shared.leadership.leads) health.hear(servers);
      },
      (error: unknown) => log.error({ err: error }, "the health of servers cannot be read"),
    );
  }

  #tick(): void {
    const { leadership } = this.#options.shared;
    if (this.#isLooking || leadership.leads) return;
    this.#isLooking = true;
    this.#look()
      // The watch of the connection has told why the store does not answer.
      .catch(() => {})
      .finally(() => {
        this.#isLooking = false;
      });
  }

  async #look(): Promise<void> {
    const { shared, configuration } = this.#options;
    const version = await shared.store.latestVersion();
    if (version !== undefined && isNewer(version, configuration.current)) await configuration.follow();
    if (shared.leadership.leader !== undefined && version !== undefined) await this.#offerFile();
  }

  /** A file that nobody has seen wins over the store, whoever leads at the moment. */
  async #offerFile(): Promise<void> {
    const { shared, file: start, configuration } = this.#options;
    const file = start.unconsidered;
    if (file === undefined || shared.ask === undefined) return;
    const seen = await shared.store.fileHashes();
    if (seen.includes(file.hash)) return start.considered();
    const request: ChangeRequest = {
      edit: { kind: "replace", options: optionsOf(file.config, SHOWN), fileHash: file.hash },
      ifMatch: undefined,
      dryRun: false,
      by: "file",
    };
    const outcome = await configuration.change(request);
    if (outcome.kind === "unavailable") return;
    start.considered();
    this.#tell(outcome);
  }

  #tell(outcome: ChangeOutcome): void {
    const { log } = this.#options;
    if (outcome.kind === "changed") {
      const { version, differences } = outcome;
      log.warn({ ...version, differences }, "the configuration file has changed: it replaces what held");
    } else if (outcome.kind !== "unchanged") {
      log.error(
        { outcome },
        "the configuration file has changed and cannot take effect, what the store has holds",
      );
    }
  }
}
