import { HEAD_FLAG, RECORD, REFUSE, type Snapshot, type Verdict } from "@shunt/core";
import { Inquiry, type InquiryEvents } from "./classify/inquiry.ts";
import { contentFraming, FAULTS } from "./forward/content.ts";
import type { Serving } from "./serving.ts";
import type { Exchange } from "./track/exchange.ts";
import type { Troubles } from "./troubles.ts";

const CONTINUE = Buffer.from("HTTP/1.1 100 Continue\r\n\r\n");

/**
 * Exchanges whose content decides what class they are of. The content is waited for, up to its bound, when the turn of
 * the exchange has come: it is the only one of its connection that is in flight then, since it is a barrier. Whoever is
 * slow with it is late, like anybody with content; nobody else waits.
 */
export class Inquiries implements InquiryEvents {
  readonly #service: Serving;
  readonly #troubles: Troubles;

  constructor(service: Serving, troubles: Troubles) {
    this.#service = service;
    this.#troubles = troubles;
  }

  begin(exchange: Exchange): void {
    exchange.state = "inquiring";
    exchange.inquiry = new Inquiry(exchange, contentFraming, this.#service.backlog, this);
  }

  /** Content has come, or may be there already; or the client has ended. */
  look(exchange: Exchange, inquiry: Inquiry): void {
    if (inquiry.isAsked) return;
    const seen = inquiry.look();
    if (seen === "enough") this.#ask(exchange, inquiry);
    else if (seen === "more") this.#waitForMore(exchange);
    else this.#troubles.refuseContent(exchange, FAULTS[seen].refusal, inquiry.looked - 1);
  }

  /** The class is known now: the content lies where it lay, and goes the way of all content. */
  decided(exchange: Exchange, verdict: Verdict, snapshot: Snapshot): void {
    // By rules and bounds that came into force while the content did.
    if (verdict.kind === RECORD.REFUSED) {
      this.#troubles.refuseContent(exchange, verdict.refusal);
      return;
    }
    exchange.judgedContent = exchange.inquiry?.judgedContent;
    exchange.inquiry = undefined;
    exchange.client.contentBlocked = false;
    this.#service.decided(exchange, verdict, snapshot);
  }

  asks(inquiry: Inquiry): void {
    const { dispatcher, turn } = this.#service.parts;
    dispatcher().enqueue(inquiry);
    turn.touch();
  }

  undecided(exchange: Exchange): void {
    this.#troubles.refuseContent(exchange, REFUSE.CLASSIFIER);
  }

  /** Nothing more is read until there is a verdict. */
  #ask(exchange: Exchange, inquiry: Inquiry): void {
    const { client } = exchange;
    client.contentBlocked = true;
    client.regulate();
    inquiry.ask();
  }

  #waitForMore(exchange: Exchange): void {
    const { client } = exchange;
    client.contentBlocked = false;
    if (client.breaksContentOff) this.#troubles.refuseContent(exchange, REFUSE.CONTENT_INCOMPLETE);
    else if (client.sendsSlowly(exchange)) this.#troubles.refuseContent(exchange, REFUSE.BODY_RATE);
    else {
      this.#invite(exchange);
      client.regulate();
      this.#service.upkeep.watch(client);
    }
  }

  /** A client that expects it is told to go on (RFC 9110 section 10.1.1). The server is not asked to say so again. */
  #invite(exchange: Exchange): void {
    if (exchange.invited || !exchange.has(HEAD_FLAG.EXPECT_CONTINUE)) return;
    exchange.invited = true;
    exchange.client.outbox.push(CONTINUE);
  }
}
