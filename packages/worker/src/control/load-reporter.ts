import type { ServerLoad } from "@shunt/core";

/** Reports after which an unchanged acceptor speaks up anyway, so that its silence means that something is wrong. */
const HEARTBEAT_TICKS = 3;

/** Picks what the coordinator does not know yet. A reconnected coordinator knows nothing: forget first. */
export class LoadReporter {
  readonly #sent = new Map<string, ServerLoad>();
  #quietTicks = HEARTBEAT_TICKS;

  /** Undefined when there is nothing to say; an empty list is a sign of life. */
  next(loads: readonly ServerLoad[]): readonly ServerLoad[] | undefined {
    const changed = loads.filter((load) => !sameLoad(load, this.#sent.get(load.server)));
    for (const load of changed) this.#sent.set(load.server, load);
    this.#quietTicks = changed.length > 0 ? 0 : this.#quietTicks + 1;
    if (changed.length === 0 && this.#quietTicks < HEARTBEAT_TICKS) return undefined;
    this.#quietTicks = 0;
    return changed;
  }

  forget(): void {
    this.#sent.clear();
    this.#quietTicks = HEARTBEAT_TICKS;
  }
}

function sameLoad(now: ServerLoad, before: ServerLoad | undefined): boolean {
  return (
    before !== undefined &&
    now.outstanding === before.outstanding &&
    now.latencyMs === before.latencyMs &&
    now.requests === before.requests &&
    now.failures === before.failures &&
    now.connections === before.connections &&
    now.errors === before.errors &&
    now.announced === before.announced &&
    now.ejected === before.ejected
  );
}
