import type { Address } from "../classify/facts.ts";

/**
 * The PROXY protocol, versions 1 and 2 (haproxy.org/download/3.0/doc/proxy-protocol.txt, of 2020/03/05 and later): a
 * header before everything else on a connection, by which a proxy names the client that it speaks for.
 */

/** One end of a TCP connection. */
export interface Endpoint {
  readonly address: Address;
  /** 0..65535. */
  readonly port: number;
}

/** Both ends of a client's connection: the client, and what it has connected to. */
export interface Endpoints {
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

/**
 * Whom the sender of a header speaks for.
 * client: the one at `source`. itself: nobody else, as in a health check (LOCAL). somebody: whom it cannot name
 * (UNKNOWN, UNSPEC, and what is neither TCP over IPv4 nor TCP over IPv6).
 */
export type Origin =
  | ({ readonly speaksFor: "client" } & Endpoints)
  | { readonly speaksFor: "itself" }
  | { readonly speaksFor: "somebody" };

export const ITSELF: Origin = Object.freeze({ speaksFor: "itself" });
export const SOMEBODY: Origin = Object.freeze({ speaksFor: "somebody" });

export type HeaderFault =
  /** Neither version 1 nor version 2 begins like this. */
  | "proxy_header_missing"
  | "proxy_header_malformed"
  /** Longer than a header of its version may be. */
  | "proxy_header_too_long"
  /** The checksum in the header is not that of its octets. */
  | "proxy_header_checksum";

/** What octets from the beginning of a connection on are. */
export type HeaderReading =
  | { readonly outcome: "incomplete" }
  /** `length`: octets of the header; behind them the client's own begin. */
  | { readonly outcome: "header"; readonly length: number; readonly origin: Origin }
  /** `at`: the octet where the fault lies. */
  | { readonly outcome: "refused"; readonly fault: HeaderFault; readonly at: number };

export const INCOMPLETE: HeaderReading = Object.freeze({ outcome: "incomplete" });

export function refused(fault: HeaderFault, at: number): HeaderReading {
  return { outcome: "refused", fault, at };
}
