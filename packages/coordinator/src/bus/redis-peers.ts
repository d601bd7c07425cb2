import type { Question, Report } from "@shunt/core";
import type { BusListener, BusPeer } from "./state-bus.ts";

/** Far above the acceptors of any cluster. */
const MOST_PEERS = 4_096;
/**
 * Looks in a row that a registration must be missing in: a Redis that was restarted empty knows nobody, until everybody
 * has registered again.
 */
const MISSED_LOOKS = 3;
/** An acceptor that was asked has this long to answer before it is asked again, in milliseconds. */
const ANSWER_WITHIN_MS = 1_000;

export interface RedisPeersOptions {
  readonly listener: BusListener;
  readonly ask: (acceptor: string, question: Question) => void;
  readonly closed: (acceptor: string, reason: string) => void;
  /** Milliseconds of a clock that nobody sets. */
  readonly now: () => number;
}

/**
 * Who speaks on the bus, out of one stream of what all say. An acceptor is listened to once it has said hello; whoever has
 * been missed, or has missed a number, is asked to tell all.
 */
export class RedisPeers {
  readonly #options: RedisPeersOptions;
  readonly #peers = new Map<string, Peer>();
  readonly #askedAt = new Map<string, number>();

  constructor(options: RedisPeersOptions) {
    this.#options = options;
  }

  hear({ acceptor, life, number, message }: Report): void {
    const known = this.#peers.get(acceptor);
    if (message === undefined) {
      if (known?.life === life) this.#forget(known);
      return;
    }
    const peer = known?.life === life ? known : this.#begin(acceptor, life, known);
    // It was read before: the stream was begun anew, or read again.
    if (peer === undefined || number <= peer.number) return;
    if (number !== peer.number + 1) peer.complete = false;
    peer.number = number;
    if (message.kind === "hello") {
      peer.complete = true;
      peer.open = true;
      this.#askedAt.delete(acceptor);
    }
    if (!peer.complete) this.#ask(acceptor);
    // What has changed since a report that is missing is no table of loads.
    const isPart = message.kind === "load" && !peer.complete;
    if (peer.open && !isPart) this.#options.listener.onMessage(peer, message);
  }

  /** @param registered all whose registration has not expired. */
  look(registered: readonly string[]): void {
    const living = new Set(registered);
    for (const id of registered) if (this.#peers.get(id)?.complete !== true) this.#ask(id);
    for (const peer of [...this.#peers.values()]) {
      peer.missed = living.has(peer.acceptor) ? 0 : peer.missed + 1;
      if (peer.missed >= MISSED_LOOKS) this.#forget(peer);
    }
    for (const id of this.#askedAt.keys()) if (!living.has(id)) this.#askedAt.delete(id);
  }

  /** The next message of another life: whoever had the name before is gone. */
  #begin(acceptor: string, life: string, former: Peer | undefined): Peer | undefined {
    if (former !== undefined) this.#forget(former);
    if (this.#peers.size >= MOST_PEERS) return undefined;
    const { ask, closed } = this.#options;
    const peer = new Peer(acceptor, life, ask, closed);
    this.#peers.set(acceptor, peer);
    return peer;
  }

  #forget(peer: Peer): void {
    this.#peers.delete(peer.acceptor);
    this.#askedAt.delete(peer.acceptor);
    this.#options.listener.onGone(peer);
  }

  #ask(acceptor: string): void {
    const now = this.#options.now();
    const askedAt = this.#askedAt.get(acceptor);
    if (askedAt !== undefined && now - askedAt < ANSWER_WITHIN_MS) return;
    this.#askedAt.set(acceptor, now);
    this.#options.ask(acceptor, { kind: "tell-all" });
  }
}

/** One life of one acceptor. */
class Peer implements BusPeer {
  readonly acceptor: string;
  readonly life: string;
  readonly #ask: RedisPeersOptions["ask"];
  readonly #closed: RedisPeersOptions["closed"];
  /** Of the last report. */
  number = 0;
  /** It has said hello, and nobody has closed it since. */
  open = false;
  /** Nothing is missing since its last hello. */
  complete = false;
  missed = 0;

  constructor(
    acceptor: string,
    life: string,
    ask: RedisPeersOptions["ask"],
    closed: RedisPeersOptions["closed"],
  ) {
    this.acceptor = acceptor;
    this.life = life;
    this.#ask = ask;
    this.#closed = closed;
  }

  send(question: Question): void {
    this.#ask(this.acceptor, question);
  }

  close(reason: string): void {
    if (!this.open) return;
    this.open = false;
    this.complete = false;
    this.#closed(this.acceptor, reason);
  }
}
