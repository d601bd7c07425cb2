import type { ExchangeRecord } from "@shunt/core";
import type { BusPeer } from "../bus/state-bus.ts";
import type { Registry } from "./registry.ts";

/** What is not answered by then is left out: an acceptor in trouble must not keep the API waiting. */
const ANSWER_WITHIN_MS = 500;

interface Pending {
  readonly waiting: Set<BusPeer>;
  readonly found: ExchangeRecord[];
  readonly done: () => void;
}

/** Asks all acceptors for the exchanges that they remember. */
export class RecentExchanges {
  readonly #registry: Registry;
  readonly #pending = new Map<number, Pending>();
  #requests = 0;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** The newest first, at most `limit`. */
  async collect(limit: number): Promise<readonly ExchangeRecord[]> {
    const request = ++this.#requests;
    const peers = this.#registry.heard.map((member) => member.peer);
    const found: ExchangeRecord[] = [];
    await new Promise<void>((done) => {
      this.#pending.set(request, { waiting: new Set(peers), found, done });
      for (const peer of peers) peer.send({ kind: "get-recent", request, limit });
      if (peers.length === 0) done();
      setTimeout(done, ANSWER_WITHIN_MS).unref();
    });
    this.#pending.delete(request);
    return found.sort((a, b) => b.startedAt - a.startedAt).slice(0, limit);
  }

  answered(peer: BusPeer, request: number, exchanges: readonly ExchangeRecord[]): void {
    const pending = this.#pending.get(request);
    if (pending === undefined || !pending.waiting.delete(peer)) return;
    pending.found.push(...exchanges);
    if (pending.waiting.size === 0) pending.done();
  }

  gone(peer: BusPeer): void {
    for (const request of this.#pending.keys()) this.answered(peer, request, []);
  }
}
