import { FIXED } from "@shunt/core";
import { type ClusterEvent, EVENT_TEXT } from "./event.ts";

/** An event as it is kept and told. */
export interface LoggedEvent {
  /** Names the log and the place in it, so that another coordinator does not take it for one of its own. */
  readonly id: string;
  /** ISO 8601. */
  readonly at: string;
  readonly event: ClusterEvent;
}

export type EventListener = (logged: LoggedEvent) => void;

export interface EventLogOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Names this log; no two have the same, those of the same coordinator before and after a restart included. */
  readonly name: string;
}

/** The last events, oldest first, and who wants to know of the next. Whoever sees something happen appends it. */
export class EventLog {
  readonly #options: EventLogOptions;
  readonly #kept: LoggedEvent[] = [];
  readonly #listeners = new Set<EventListener>();
  #appended = 0;

  constructor(options: EventLogOptions) {
    this.#options = options;
  }

  append(event: ClusterEvent): void {
    const { now, name } = this.#options;
    const logged = {
      id: `${name}-${++this.#appended}`,
      at: new Date(now()).toISOString(),
      event: cut(event),
    };
    this.#kept.push(logged);
    if (this.#kept.length > FIXED.keptEvents) this.#kept.shift();
    for (const listener of this.#listeners) listener(logged);
  }

  /**
   * What came after the event of that id. `missed` when there was more than is kept, or nobody can tell: the id is of
   * another log, or none.
   */
  after(id: string): { readonly events: readonly LoggedEvent[]; readonly missed: boolean } {
    const number = this.#numberOf(id);
    if (number === undefined) return { events: [...this.#kept], missed: true };
    const forgotten = this.#appended - this.#kept.length;
    return { events: this.#kept.slice(Math.max(0, number - forgotten)), missed: number < forgotten };
  }

  /** @returns what ends it. */
  listen(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #numberOf(id: string): number | undefined {
    const prefix = `${this.#options.name}-`;
    const number = id.slice(prefix.length);
    if (!id.startsWith(prefix) || !/^\d{1,15}$/.test(number)) return undefined;
    return Number(number) <= this.#appended ? Number(number) : undefined;
  }
}

/** Names and reasons come from other processes; what they say is bounded here. */
function cut(event: ClusterEvent): ClusterEvent {
  const entries = Object.entries(event).map(([key, value]) => [
    key,
    typeof value === "string" && value.length > EVENT_TEXT ? `${value.slice(0, EVENT_TEXT - 3)}...` : value,
  ]);
  return Object.fromEntries(entries);
}
