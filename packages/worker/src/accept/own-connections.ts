import { FIXED } from "@shunt/core";
import type { Backend } from "../connect/backend.ts";
import type { ServerConnection } from "../connect/server-connection.ts";

/**
 * Idle server connections that speak for one client connection and serve no other: they have begun with a PROXY header
 * that names the client.
 */
export class OwnConnections {
  #idle: ServerConnection[] = [];
  #closed = false;

  /** Returns false when it is not kept: there are enough, or the client is gone. */
  keep(connection: ServerConnection): boolean {
    this.#idle = this.#idle.filter(isIdle);
    if (this.#closed || this.#idle.length >= FIXED.ownServerConnections) return false;
    this.#idle.push(connection);
    return true;
  }

  /** One to that server, which began as connections to it do now; the one that was used last. */
  take(backend: Backend): ServerConnection | undefined {
    const at = this.#idle.findLastIndex(
      (kept) => isIdle(kept) && kept.backend === backend && kept.introduction === backend.proxyProtocol,
    );
    return at < 0 ? undefined : this.#idle.splice(at, 1)[0];
  }

  /** The client is gone, and they with it. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#idle) connection.destroy();
    this.#idle = [];
  }
}

/** Not closed while it was kept. */
function isIdle(connection: ServerConnection): boolean {
  return connection.state === "idle";
}
