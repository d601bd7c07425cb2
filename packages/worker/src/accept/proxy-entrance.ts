import { FIXED } from "@shunt/core";
import type { ReadBuffers } from "../io/read-buffers.ts";
import type { TimerWheel } from "../io/timer-wheel.ts";
import type { RefusedConnections } from "../observe/refused-connections.ts";
import type { OpenSocket } from "./listener.ts";
import type { Peer, Peers } from "./peers.ts";
import { ProxyGreeting } from "./proxy-greeting.ts";

export interface EntranceParts {
  readonly peers: Peers;
  readonly wheel: TimerWheel;
  readonly readBuffers: ReadBuffers;
  readonly refused: RefusedConnections;
  /** A connection whose header is read; `peer` is who it is by that. */
  readonly admit: (open: OpenSocket, listener: string, peer: Peer) => void;
}

/** Connections of listeners with the PROXY protocol, until their headers are read. */
export class ProxyEntrance {
  readonly #waiting = new Set<ProxyGreeting>();
  readonly #parts: EntranceParts;

  constructor(parts: EntranceParts) {
    this.#parts = parts;
  }

  /** Connections whose headers have not come. */
  get size(): number {
    return this.#waiting.size;
  }

  /** `headMs`: how long the header may take. */
  accept(open: OpenSocket, listener: string, headMs: number): void {
    const greeting = new ProxyGreeting(open, listener, this.#parts, (over) => this.#waiting.delete(over));
    this.#waiting.add(greeting);
    greeting.begin(headMs);
  }

  /** Nobody new comes: a header that is on its way has a moment, as the first request of a connection has. */
  drain(): void {
    for (const greeting of this.#waiting) greeting.begin(FIXED.drainUnusedMs);
  }

  /** Ends them all at once. */
  close(): void {
    for (const greeting of [...this.#waiting]) greeting.destroy();
  }
}
