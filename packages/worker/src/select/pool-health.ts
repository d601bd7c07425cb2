import {
  looksForOutliers,
  mayEject,
  mayEjectOutlier,
  medianMs,
  panics,
  type ResolvedHealth,
  type ResolvedPool,
  type ServerHealth,
  sweepEveryMs,
} from "@shunt/core";
import type { Backend } from "../connect/backend.ts";
import type { BackendHealth } from "../connect/backend-health.ts";

/** Who is told what becomes of servers. */
export interface HealthWatcher {
  /** As an outlier of its pool. */
  ejected(backend: Backend): void;
  /** Active checks have changed their mind. */
  judged(backend: Backend): void;
  panic(pool: string, isPanic: boolean): void;
}

export const NOBODY_WATCHES: HealthWatcher = Object.freeze({
  ejected: () => {},
  judged: () => {},
  panic: () => {},
});

/** The health of the servers of one pool of one snapshot, as far as it is a matter of all of them together. */
export class PoolHealth {
  readonly name: string;
  panic: boolean;
  readonly #options: ResolvedHealth;
  readonly #backends: readonly Backend[];
  readonly #servers: readonly BackendHealth[];
  readonly #watcher: HealthWatcher;
  #sweepAt: number;

  /** `before`: the same pool in the snapshot before. */
  constructor(
    { name, health }: ResolvedPool,
    backends: readonly Backend[],
    watcher: HealthWatcher,
    before: PoolHealth | undefined,
  ) {
    this.name = name;
    this.#options = health;
    this.#backends = backends;
    this.#servers = backends.map((backend) => backend.health);
    this.#watcher = watcher;
    this.panic = before?.panic ?? false;
    this.#sweepAt = looksForOutliers(health.passive)
      ? (before?.sweepAt ?? Number.NEGATIVE_INFINITY)
      : Number.POSITIVE_INFINITY;
  }

  mayEject(backend: Backend): boolean {
    return mayEject(this.#servers, this.#backends.indexOf(backend));
  }

  /**
   * Takes over what active checks found; a pool that asks for none goes by none. Of a server that is not named nobody
   * knows anything now: it stays what it was.
   */
  judge(checks: ReadonlyMap<string, ServerHealth>, now: number): void {
    const isChecked = this.#options.active !== undefined;
    for (const backend of this.#backends) {
      const check = isChecked ? checks.get(backend.id) : undefined;
      if (isChecked && check === undefined) continue;
      if (backend.health.toldBy(check, now)) this.#watcher.judged(backend);
    }
    this.#refreshAll();
  }

  /** Lets time pass. */
  refresh(now: number): void {
    if (now >= this.#sweepAt) this.#sweep(now);
    // Else the last step of a slow start, and the first moment of calm, would not be taken over.
    const settled = this.#backends.every(({ health, ramp }) => ramp === 1 && health.isSettled(now));
    if (!settled) this.#refreshAll();
  }

  #refreshAll(): void {
    for (const backend of this.#backends) backend.refresh();
    const panic = panics(this.#servers, this.#options.panicPercent);
    for (const backend of this.#backends) {
      backend.health.panic = panic;
      backend.refresh();
    }
    if (panic === this.panic) return;
    this.panic = panic;
    this.#watcher.panic(this.name, panic);
  }

  get sweepAt(): number {
    return this.#sweepAt;
  }

  #sweep(now: number): void {
    const { passive } = this.#options;
    this.#sweepAt = now + sweepEveryMs(passive);
    const windows = this.#servers.map(({ window }) => window).filter((window) => window !== undefined);
    const median = medianMs(windows, passive, now);
    for (const [index, backend] of this.#backends.entries()) {
      const outlier = backend.health.outlier(median, now);
      if (outlier === undefined || !mayEjectOutlier(this.#servers, index, passive.maxEjectedPercent))
        continue;
      backend.health.eject(outlier, now);
      this.#watcher.ejected(backend);
    }
  }
}
