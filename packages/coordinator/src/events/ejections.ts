import type { ReportedLoad } from "@shunt/core";
import type { EventLog } from "./event-log.ts";

/**
 * Tells when a server is left alone by the first acceptor, and when by nobody any more: one event for each and not one
 * from each of a thousand acceptors.
 */
export class Ejections {
  readonly #events: EventLog;
  /** `pool/server` -> acceptors that have ejected it. */
  readonly #by = new Map<string, Set<string>>();

  constructor(events: EventLog) {
    this.#events = events;
  }

  heard(acceptor: string, servers: readonly ReportedLoad[]): void {
    for (const [server, , measures] of servers) {
      if (measures === undefined) continue;
      if (measures.ejected) this.#eject(server, acceptor, measures.ejectedFor ?? "failures in a row");
      else this.#revive(server, acceptor);
    }
  }

  /** An acceptor that is gone leaves nobody alone. */
  left(acceptor: string): void {
    for (const server of [...this.#by.keys()]) this.#revive(server, acceptor);
  }

  #eject(server: string, acceptor: string, reason: string): void {
    const by = this.#by.get(server);
    if (by !== undefined) {
      by.add(acceptor);
      return;
    }
    this.#by.set(server, new Set([acceptor]));
    this.#events.append({ kind: "server-ejected", server, acceptor, reason });
  }

  #revive(server: string, acceptor: string): void {
    const by = this.#by.get(server);
    if (by === undefined || !by.delete(acceptor) || by.size > 0) return;
    this.#by.delete(server);
    this.#events.append({ kind: "server-revived", server });
  }
}
