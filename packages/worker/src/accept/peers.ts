import type { Socket } from "node:net";
import {
  type Address,
  type Cidr,
  type Endpoint,
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
  /** Whose being one of `trust.peers` that is; undefined: it is not believed, whoever is named there. */
  readonly speaker: Address | undefined;
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
    const { remoteAddress, remotePort } = socket;
    const source = { address: addressOf(remoteAddress), port: remotePort ?? 0 };
    return new SocketPeer(socket, source, this.trusts(source.address));
  }

  /**
   * Who it is by the PROXY header that `peer` has sent. Somebody whom the peer has not named has the peer's address, for
   * want of another, and not its trust: his fields are his own.
   */
  behind(peer: Peer, origin: Origin): Peer {
    switch (origin.speaksFor) {
      case "client": {
        const { source, destination } = origin;
        return this.#judged({ source, destination }, source.address);
      }
      case "itself":
        return peer;
      case "somebody":
        return this.#judged(peer, undefined);
      default:
        return origin satisfies never;
    }
  }

  /** Whether what it says is believed now: `trust.peers` may have changed since it connected. */
  trusts(speaker: Address | undefined): boolean {
    if (speaker === undefined || speaker === UNKNOWN) return false;
    return this.#trusted.some((cidr) => matchesCidr(speaker, cidr));
  }

  #judged({ source, destination }: Endpoints, speaker: Address | undefined): Peer {
    return { source, destination, trusted: this.trusts(speaker), speaker };
  }
}

/** The one at the other end of a socket. Few ask what it has connected to, so that is found out for them. */
class SocketPeer implements Peer {
  readonly source: Endpoint;
  readonly trusted: boolean;
  readonly speaker: Address;
  readonly #socket: Socket;
  #destination: Endpoint | undefined = undefined;

  constructor(socket: Socket, source: Endpoint, trusted: boolean) {
    this.source = source;
    this.trusted = trusted;
    this.speaker = source.address;
    this.#socket = socket;
  }

  get destination(): Endpoint {
    if (this.#destination === undefined) {
      const { localAddress, localPort } = this.#socket;
      this.#destination = { address: addressOf(localAddress), port: localPort ?? 0 };
    }
    return this.#destination;
  }
}

function addressOf(text: string | undefined): Address {
  return parseAddress(text ?? "") ?? UNKNOWN;
}
