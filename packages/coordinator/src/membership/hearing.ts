import type { AcceptorMessage } from "@shunt/core";
import type { Logger } from "pino";
import type { BusListener, BusPeer } from "../bus/state-bus.ts";
import type { Ejections } from "../events/ejections.ts";
import type { EventLog } from "../events/event-log.ts";
import type { ShareGranting } from "../shares/granting.ts";
import type { RecentExchanges } from "./recent.ts";
import type { Member, Registry } from "./registry.ts";

export interface HearingOptions {
  readonly registry: Registry;
  readonly recent: RecentExchanges;
  readonly events: EventLog;
  readonly ejections: Ejections;
  readonly shares: ShareGranting;
  /** An acceptor has left; what it counted is to survive. */
  readonly onLeft: () => void;
  readonly log: Logger;
}

/** What acceptors say, put where it belongs. Every coordinator hears all of them, whether it leads or stands by. */
export class Hearing implements BusListener {
  readonly #options: HearingOptions;

  constructor(options: HearingOptions) {
    this.#options = options;
  }

  onMessage(peer: BusPeer, message: AcceptorMessage): void {
    const { registry, recent, ejections, shares } = this.#options;
    const isKnown = registry.of(peer) !== undefined;
    const member = message.kind === "hello" ? registry.join(peer, message) : registry.of(peer);
    if (member === undefined) {
      peer.close(`expected hello first, found ${message.kind}`);
      return;
    }
    registry.heardFrom(member);
    switch (message.kind) {
      case "hello":
        shares.joined(member.id);
        if (!isKnown) this.#joined(member);
        break;
      case "load":
        registry.takeLoad(member, message);
        ejections.heard(member.id, message.servers);
        shares.heard(member.id, message.seq, message);
        break;
      case "status":
        member.status = message;
        member.snapshot = { term: message.term, generation: message.generation };
        shares.isIn(member.id, message.state);
        break;
      case "recent":
        recent.answered(peer, message.request, message.exchanges);
        break;
      default:
        message satisfies never;
    }
  }

  onGone(peer: BusPeer): void {
    const { registry, recent, events, ejections, onLeft, log } = this.#options;
    recent.gone(peer);
    const member = registry.leave(peer);
    if (member === undefined) return;
    log.info({ acceptor: member.id, acceptorPid: member.pid }, "acceptor left");
    events.append({ kind: "acceptor-left", acceptor: member.id, host: member.host });
    ejections.left(member.id);
    onLeft();
  }

  /** Who says hello again was asked to tell all, and has been here all the time. */
  #joined({ id, pid, host, version }: Member): void {
    const { events, log } = this.#options;
    log.info({ acceptor: id, acceptorPid: pid }, "acceptor joined");
    events.append({ kind: "acceptor-joined", acceptor: id, host, version });
  }
}
