import { Readable } from "node:stream";
import { FIXED } from "@shunt/core";
import type { EventLog, LoggedEvent } from "./event-log.ts";

/** How soon a browser should come again when the connection breaks, in milliseconds. */
const COME_AGAIN_MS = 1_000;

/**
 * One listener, in the form of server-sent events. What it does not read is held for it up to a bound; then, or when it
 * has taken nothing between two heartbeats, it is cut. It may come again and say what it read last.
 */
export class EventStream {
  readonly readable = new Readable({ read: () => {} });
  #waited = false;

  constructor(events: EventLog, lastEventId: string | undefined) {
    this.#write(`retry: ${COME_AGAIN_MS}\n\n`);
    if (lastEventId !== undefined) this.#resume(events, lastEventId);
    const stop = events.listen((logged) => this.#write(eventText(logged)));
    this.readable.once("close", stop);
  }

  heartbeat(): void {
    const waits = this.readable.readableLength > 0;
    if (waits && this.#waited) this.end();
    else this.#write(": \n\n");
    this.#waited = waits;
  }

  end(): void {
    this.readable.destroy();
  }

  #resume(events: EventLog, lastEventId: string): void {
    const { events: missing, missed } = events.after(lastEventId);
    if (missed) this.#write("event: events-missed\ndata: {}\n\n");
    for (const logged of missing) this.#write(eventText(logged));
  }

  #write(text: string): void {
    if (this.readable.destroyed) return;
    this.readable.push(text);
    if (this.readable.readableLength > FIXED.eventStreamBytes) this.end();
  }
}

/** JSON has no line ends in it, so one line of data is enough. */
function eventText({ id, at, event }: LoggedEvent): string {
  const { kind, ...rest } = event;
  return `id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify({ at, ...rest })}\n\n`;
}
