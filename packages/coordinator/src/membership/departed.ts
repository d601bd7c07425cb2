import type { AcceptorCounters } from "@shunt/core";
import { NO_COUNTERS, retired, sumCounters } from "./counters.ts";

/** Acceptors that may still come back; what is older has certainly gone for good. */
const MAX_REMEMBERED = 64;

/** As it is stored, in JSON. */
export interface DepartedRecord {
  readonly total: AcceptorCounters;
  readonly recent: readonly (readonly [id: string, counters: AcceptorCounters])[];
}

/**
 * What those have counted who are not connected any more, so that sums never fall.
 * One that comes back tells all that it ever counted, so its part is taken out again.
 */
export class Departed {
  #total: AcceptorCounters;
  readonly #recent: Map<string, AcceptorCounters>;

  constructor(record: DepartedRecord = { total: NO_COUNTERS, recent: [] }) {
    this.#total = record.total;
    this.#recent = new Map(record.recent);
  }

  add(id: string, counters: AcceptorCounters): void {
    this.#recent.set(id, retired(counters));
    for (const [oldest, part] of this.#recent) {
      if (this.#recent.size <= MAX_REMEMBERED) return;
      this.#total = sumCounters([this.#total, part]);
      this.#recent.delete(oldest);
    }
  }

  /** The last that was heard of an acceptor that is back now. */
  takeBack(id: string): AcceptorCounters | undefined {
    const counters = this.#recent.get(id);
    this.#recent.delete(id);
    return counters;
  }

  counters(): AcceptorCounters {
    return sumCounters([this.#total, ...this.#recent.values()]);
  }

  toJSON(): DepartedRecord {
    return { total: this.#total, recent: [...this.#recent] };
  }
}
