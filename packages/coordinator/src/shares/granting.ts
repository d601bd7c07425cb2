import { type ClusterLimits, Ledger, type Publication, type ShareReport } from "@shunt/core";
import type { Duty } from "../leadership/duty.ts";

/** As often as acceptors report. */
const LOOK_EVERY_MS = 100;

export interface GrantingOptions {
  /** Of the configuration that holds now. */
  readonly limits: () => ClusterLimits;
  readonly publish: (publication: Publication) => void;
  /** What grants are numbered by: rises with every leader, the same process or another. */
  readonly termOf: (term: number) => number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** The leader's duty to give acceptors their shares of limits that hold for the whole cluster (decision 0015). */
export class ShareGranting implements Duty {
  readonly #options: GrantingOptions;
  #ledger: Ledger | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #exceeded = 0;

  constructor(options: GrantingOptions) {
    this.#options = options;
  }

  /** Requests found outstanding above a limit, ever, while this coordinator led. */
  get exceeded(): number {
    return this.#exceeded + (this.#ledger?.exceeded ?? 0);
  }

  start(term: number): void {
    const { termOf, now } = this.#options;
    this.#ledger = new Ledger(termOf(term), now());
    this.#ticker = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#ticker);
    this.#exceeded = this.exceeded;
    this.#ledger = undefined;
  }

  /** Publishes what has changed. Besides in time: with a new configuration, so that who is to obey it has a share. */
  look(): void {
    const { limits, publish, now } = this.#options;
    const grants = this.#ledger?.next(limits(), now());
    if (grants !== undefined) publish(grants);
  }

  joined(acceptor: string): void {
    this.#ledger?.joined(acceptor);
  }

  heard(acceptor: string, report: number, shares: ShareReport): void {
    this.#ledger?.heard(acceptor, report, shares, this.#options.now());
  }

  /** One that has stopped has nothing outstanding any more; one that drains wants nothing but what it has. */
  isIn(acceptor: string, state: "starting" | "accepting" | "draining" | "stopped"): void {
    if (state === "draining") this.#ledger?.leaving(acceptor);
    if (state === "stopped") this.#ledger?.left(acceptor);
  }
}
