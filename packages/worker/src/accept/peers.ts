import type { Socket } from "node:net";
import {
  type Address,
  type Cidr,
  type Endpoints,
  matchesCidr,
  type Origin,
  parseAddress,
  parseCidr,
} from "@shunt/core";

/** Who is at the other end of a client connection (`source`), and what it has connected to (`destination`). */
export interface Peer extends Endpoints {
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
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    const source = { address: addressOf(remoteAddress), port: remotePort ?? 0 };
    const destination = { address: addressOf(localAddress), port: localPort ?? 0 };
    return { source, destination, trusted: this.#trusts(source.address) };
  }

  /**
   * Who it is by the PROXY header that `peer` has sent. Somebody whom the peer has not named has the peer's address, for
   * want of another, and not its trust: his fields are his own.
   */
  behind(peer: Peer, origin: Origin): Peer {
    switch (origin.speaksFor) {
      case "client": {
        const { source, destination } = origin;
        return { source, destination, trusted: this.#trusts(source.address) };
      }
      case "itself":
        return peer;
      case "somebody":
        return { ...peer, trusted: false };
      default:
        return origin satisfies never;
    }
  }

  #trusts(address: Address): boolean {
    return address !== UNKNOWN && this.#trusted.some((cidr) => matchesCidr(address, cidr));
  }
}

function addressOf(text: string | undefined): Address {
  return parseAddress(text ?? "") ?? UNKNOWN;
}
