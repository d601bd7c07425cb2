import type { Socket } from "node:net";
import { type Address, type Cidr, matchesCidr, parseAddress, parseCidr } from "@shunt/core";

export interface Peer {
  readonly address: Address;
  /** One of `trust.peers`: its forwarding and identity fields are believed. */
  readonly trusted: boolean;
}

const UNKNOWN: Address = Object.freeze({
  family: 4,
  words: Object.freeze([0, 0, 0, 0] as const),
  text: "0.0.0.0",
});

/** Who is at the other end of a connection. */
export class Peers {
  #trusted: readonly Cidr[] = [];

  trust(peers: readonly string[]): void {
    this.#trusted = peers.flatMap((text) => parseCidr(text) ?? []);
  }

  /** A socket that was reset before anybody looked has no address any more; nobody trusts it. */
  of(socket: Socket): Peer {
    const address = parseAddress(socket.remoteAddress ?? "") ?? UNKNOWN;
    return {
      address,
      trusted: address !== UNKNOWN && this.#trusted.some((cidr) => matchesCidr(address, cidr)),
    };
  }
}
