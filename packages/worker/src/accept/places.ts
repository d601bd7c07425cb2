import type { Server } from "node:net";
import type { ResolvedListener } from "@shunt/core";
import { listen, type OpenSocket } from "./listener.ts";

/** How long nobody may have come to a place before nobody is taken to be waiting there. */
const QUIET_MS = 25;

interface Place {
  /** As it stands in the latest snapshot that names it. */
  listener: ResolvedListener;
  /** One for each handle. */
  readonly servers: Server[];
  accepted: number;
}

/**
 * Where an acceptor accepts, by places that the supervisor gave it. A listener has several while it moves to another
 * address, or while the place of an acceptor that left is emptied here. A place has several handles, each a socket with a queue of
 * its own: from each one connection is accepted in a turn of the loop (decision 0021).
 */
export class Places {
  readonly #places = new Map<number, Place>();
  readonly #accept: (open: OpenSocket, listener: ResolvedListener) => void;

  constructor(accept: (open: OpenSocket, listener: ResolvedListener) => void) {
    this.#accept = accept;
  }

  /** Accepts on a handle, at a new place or at one that has others. */
  async open(listener: ResolvedListener, id: number, handle: object): Promise<void> {
    const server = await listen(handle, (open) => this.#came(id, open));
    const place = this.#places.get(id);
    if (place === undefined) this.#places.set(id, { listener, servers: [server], accepted: 0 });
    else place.servers.push(server);
  }

  /** What holds of listeners from now on. Who comes by one that is there no more is served by what held last. */
  adopt(listeners: readonly ResolvedListener[]): void {
    for (const place of this.#places.values())
      place.listener = listeners.find(({ name }) => name === place.listener.name) ?? place.listener;
  }

  /**
   * Closes a place when nobody has come to it for a moment, or `mostMs` have passed: a handle that closes resets whoever
   * waits in its queue. Whatever else closes it meanwhile, it resolves.
   */
  async empty(id: number, mostMs: number): Promise<void> {
    const end = performance.now() + mostMs;
    for (let place = this.#places.get(id); place !== undefined; place = this.#places.get(id)) {
      const { accepted } = place;
      await quiet();
      // Right behind the look at what has come: nobody has had time to.
      if (place.accepted === accepted || performance.now() > end) this.#close(id);
    }
  }

  closeAll(): void {
    for (const id of [...this.#places.keys()]) this.#close(id);
  }

  #came(id: number, open: OpenSocket): void {
    const place = this.#places.get(id);
    if (place === undefined) return;
    place.accepted++;
    this.#accept(open, place.listener);
  }

  #close(id: number): void {
    for (const server of this.#places.get(id)?.servers ?? []) server.close();
    this.#places.delete(id);
  }
}

/** Resolves behind a look of the loop at its sockets. */
function quiet(): Promise<void> {
  return new Promise((resolve) => setTimeout(() => setImmediate(resolve), QUIET_MS));
}
