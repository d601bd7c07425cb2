import { type Address, FIXED } from "@shunt/core";
import type { RefusedConnections } from "../observe/refused-connections.ts";
import type { ClientConnection } from "./client-connection.ts";

/**
 * The bound on client connections from one address (limits.connectionsPerClient). Each connection that was let in counts
 * until it has left, whether there is a bound or not: a snapshot may bring one.
 */
export class Admission {
  /** Connections that are being closed, and count nowhere else. */
  readonly turnedAway = new Set<ClientConnection>();
  readonly #counts = new Map<number | string, number>();
  readonly #refused: RefusedConnections;

  constructor(refused: RefusedConnections) {
    this.#refused = refused;
  }

  /** Addresses that connections are counted for. */
  get addresses(): number {
    return this.#counts.size;
  }

  /** Whether it is let in; if not, it closes. A trusted peer speaks for many clients, so the bound of one is not its. */
  admits(client: ClientConnection): boolean {
    const { connectionsPerClient } = client.config.limits;
    const key = keyOf(client.address);
    const count = this.#counts.get(key) ?? 0;
    if (connectionsPerClient > 0 && count >= connectionsPerClient && !client.peer.trusted) {
      this.#turnAway(client);
      return false;
    }
    this.#counts.set(key, count + 1);
    return true;
  }

  /** The connection is gone. Called once for each that `admits` was asked about. */
  left(client: ClientConnection): void {
    if (this.turnedAway.delete(client)) return;
    const key = keyOf(client.address);
    const count = this.#counts.get(key) ?? 0;
    if (count > 1) this.#counts.set(key, count - 1);
    else this.#counts.delete(key);
  }

  /** A FIN, and what still comes is thrown away for a moment: a reset looks like a fault of the network. */
  #turnAway(client: ClientConnection): void {
    this.#refused.note("connections_per_client", client.address.text);
    this.turnedAway.add(client);
    if (this.turnedAway.size > FIXED.turnedAway) client.destroy();
    else client.close();
  }
}

/** Of IPv6 the first 64 bits: whoever has one address of such a network has all of it (RFC 6177). */
function keyOf({ family, words }: Address): number | string {
  return family === 4 ? words[0] : `${words[0]}:${words[1]}`;
}
