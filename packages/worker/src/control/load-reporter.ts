import type { ReportedLoad, ServerLoad, ServerMeasures } from "@shunt/core";

/** Reports after which an unchanged acceptor speaks up anyway, so that its silence means that something is wrong. */
const HEARTBEAT_TICKS = 3;
/** Reports after which measures that change with every request are told again: nobody decides by them. */
const MEASURES_TICKS = 10;
/** Less than this makes no difference to a choice of servers. */
const ANNOUNCED_STEP = 0.05;

interface Sent {
  outstanding: number;
  measures: ServerMeasures;
  tick: number;
}

/** Picks what coordinators do not know yet. One that is new, or has lost track, knows nothing: forget first. */
export class LoadReporter {
  readonly #sent = new Map<string, Sent>();
  #tick = 0;
  #quietTicks = HEARTBEAT_TICKS;

  /** Undefined when there is nothing to say; an empty list is a sign of life. */
  next(loads: readonly ServerLoad[]): readonly ReportedLoad[] | undefined {
    this.#tick++;
    const changed: ReportedLoad[] = [];
    for (const load of loads) {
      const report = this.#reportOf(load);
      if (report !== undefined) changed.push(report);
    }
    this.#forgetRemoved(loads, changed);
    this.#quietTicks = changed.length > 0 ? 0 : this.#quietTicks + 1;
    if (changed.length === 0 && this.#quietTicks < HEARTBEAT_TICKS) return undefined;
    this.#quietTicks = 0;
    return changed;
  }

  forget(): void {
    this.#sent.clear();
    this.#quietTicks = HEARTBEAT_TICKS;
  }

  /** Nothing is outstanding at a server that is not spoken of any more: that is said, and its name is not kept. */
  #forgetRemoved(loads: readonly ServerLoad[], changed: ReportedLoad[]): void {
    if (this.#sent.size === 0) return;
    const removed = new Set(this.#sent.keys());
    for (const { server } of loads) removed.delete(server);
    for (const server of removed) {
      if (this.#sent.get(server)?.outstanding !== 0) changed.push([server, 0]);
      this.#sent.delete(server);
    }
  }

  #reportOf({ server, outstanding, ...measures }: ServerLoad): ReportedLoad | undefined {
    const sent = this.#sent.get(server);
    if (sent === undefined && isUnused(outstanding, measures)) return undefined;
    if (sent === undefined || this.#areDue(measures, sent)) {
      this.#sent.set(server, { outstanding, measures, tick: this.#tick });
      return [server, outstanding, measures];
    }
    if (sent.outstanding === outstanding) return undefined;
    sent.outstanding = outstanding;
    return [server, outstanding];
  }

  #areDue(now: ServerMeasures, { measures: before, tick }: Sent): boolean {
    if (now.ejected !== before.ejected || hasMoved(now.announced, before.announced)) return true;
    return this.#tick - tick >= MEASURES_TICKS && !areSame(now, before);
  }
}

/** Of a server that it has never had to do with, an acceptor has nothing to say: there may be thousands. */
function isUnused(outstanding: number, measures: ServerMeasures): boolean {
  const { requests, connections, announced, ejected } = measures;
  return outstanding + requests + connections === 0 && announced === undefined && !ejected;
}

function hasMoved(now: number | undefined, before: number | undefined): boolean {
  if (now === undefined || before === undefined) return now !== before;
  return Math.abs(now - before) >= ANNOUNCED_STEP;
}

/** The average answer time is not looked at: without an answer it fades, and that is no news. */
function areSame(now: ServerMeasures, before: ServerMeasures): boolean {
  return (
    now.requests === before.requests &&
    now.failures === before.failures &&
    now.connections === before.connections &&
    now.errors === before.errors &&
    now.answerMs === before.answerMs &&
    now.announced === before.announced &&
    now.ejectedFor === before.ejectedFor
  );
}
