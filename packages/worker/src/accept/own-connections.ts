import { FIXED } from "@shunt/core";
import type { Backend } from "../connect/backend.ts";
import type { ServerConnection } from "../connect/server-connection.ts";

/**
 * Idle server connections that belong to one client connection and serve no other: those that have begun with a PROXY
 * header, which names the client, and the one that its credentials are bound to (NTLM, Negotiate).
 */
export class OwnConnections {
  #idle: ServerConnection[] = [];
  #bound: ServerConnection | undefined = undefined;
  #closed = false;

  /** Returns false when it is not kept: there are enough, of this client or of its server, or the client is gone. */
  keep(connection: ServerConnection, idlePerServer: number): boolean {
    this.#idle = this.#idle.filter(isIdle);
    if (this.#closed || this.#idle.length >= FIXED.ownServerConnections) return false;
    if (!connection.backend.checkInOwn(connection, idlePerServer)) return false;
    this.#idle.push(connection);
    return true;
  }

  /** One to that server, which began as connections to it do now; the one that was used last. */
  take(backend: Backend): ServerConnection | undefined {
    const at = this.#idle.findLastIndex(
      (kept) => isIdle(kept) && kept.backend === backend && kept.introduction === backend.proxyProtocol,
    );
    if (at < 0) return undefined;
    const [connection] = this.#idle.splice(at, 1);
    if (connection !== undefined) backend.forget(connection);
    return connection;
  }

  /**
   * Keeps the one that credentials hold on. There is one for each client, and `limits.idlePerServer` does not apply: to
   * close it in the middle of a handshake would be to refuse the user.
   */
  bind(connection: ServerConnection): void {
    this.#bound?.destroy();
    this.#bound = undefined;
    if (this.#closed || connection.backend.retired) connection.destroy();
    else this.#bound = connection;
  }

  /** The server that has the bound one. */
  get boundTo(): Backend | undefined {
    return this.#bound?.backend;
  }

  /** The bound one, if it is to that server and still there. */
  takeBound(backend: Backend): ServerConnection | undefined {
    const connection = this.#bound;
    if (connection === undefined || connection.backend !== backend) return undefined;
    this.#bound = undefined;
    return isIdle(connection) ? connection : undefined;
  }

  /** Those to servers that were removed serve nobody any more. */
  closeRetired(): void {
    if (this.#bound?.backend.retired && isIdle(this.#bound)) {
      this.#bound.destroy();
      this.#bound = undefined;
    }
    this.#idle = this.#idle.filter(isIdle);
  }

  /** The client is gone, and they with it. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#idle) connection.destroy();
    this.#idle = [];
    this.#bound?.destroy();
    this.#bound = undefined;
  }
}

/** Not closed while it was kept. */
function isIdle(connection: ServerConnection): boolean {
  return connection.state === "idle";
}
