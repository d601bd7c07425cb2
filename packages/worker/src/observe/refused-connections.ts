import { FIXED, type HeaderFault } from "@shunt/core";
import type { Logger } from "pino";

/** Why a client connection was closed before a request of it was read. */
export type ConnectionRefusal =
  /** limits.connections, limits.connectionsPerClient. */
  | "connections"
  | "connections_per_client"
  /** It came to a listener with the PROXY protocol from somebody who is not one of trust.peers. */
  | "proxy_untrusted_peer"
  | HeaderFault
  /** The connection ended in the middle of its PROXY header. */
  | "proxy_header_incomplete"
  /** The PROXY header was not complete within timeouts.headMs. */
  | "proxy_header_timeout";

/** All of them stand in the metrics from the start: what was never counted is 0 there, and not absent. */
const REFUSALS: readonly ConnectionRefusal[] = Object.freeze([
  "connections",
  "connections_per_client",
  "proxy_untrusted_peer",
  "proxy_header_missing",
  "proxy_header_malformed",
  "proxy_header_too_long",
  "proxy_header_checksum",
  "proxy_header_incomplete",
  "proxy_header_timeout",
]);

/** Counts and logs the client connections that are not served. */
export class RefusedConnections {
  readonly #counts: Map<string, number>;
  readonly #log: Logger;
  readonly #clock: () => number;
  /** By reason: when the last line was logged, and how many were counted then. */
  readonly #logged = new Map<ConnectionRefusal, { readonly at: number; readonly count: number }>();

  /** `counts`: where they are counted, by reason. */
  constructor(counts: Map<string, number>, log: Logger, clock: () => number) {
    for (const reason of REFUSALS) counts.set(reason, 0);
    this.#counts = counts;
    this.#log = log;
    this.#clock = clock;
  }

  /** `octets`: what the connection has begun with, where that is the offence; it lies at the octet `at`. */
  note(reason: ConnectionRefusal, peer: string, octets?: Buffer, at: number = 0): void {
    const count = (this.#counts.get(reason) ?? 0) + 1;
    this.#counts.set(reason, count);
    const now = this.#clock();
    const last = this.#logged.get(reason);
    if (last !== undefined && now - last.at < FIXED.refusedConnectionsEveryMs) return;
    this.#logged.set(reason, { at: now, count });
    // JSON escapes what is not printable.
    const offence = octets === undefined ? {} : { octet: at, octets: around(octets, at) };
    this.#log.warn({ peer, reason, refused: count - (last?.count ?? 0), ...offence }, "connection refused");
  }
}

function around(octets: Buffer, at: number): string {
  return octets.latin1Slice(
    Math.max(0, at - FIXED.shownOctets),
    Math.min(octets.length, at + FIXED.shownOctets),
  );
}
