import {
  type BodyFraming,
  CONTENT,
  type DataSink,
  type EntryPeer,
  HEAD_FLAG,
  type Snapshot,
  type Verdict,
} from "@shunt/core";
import type { Exchange } from "../track/exchange.ts";
import type { Unread } from "./dispatch.ts";

/** What came of looking: all that is needed was seen, there is more to come, or it is not content (a name of a fault). */
export type Look = "enough" | "more" | NonNullable<BodyFraming["fault"]>;

/** Told what comes of a question that was asked. */
export interface InquiryEvents {
  /** The verdict is written over by the next one. */
  decided(exchange: Exchange, verdict: Verdict, snapshot: Snapshot): void;
  /** There is no verdict. */
  undecided(exchange: Exchange): void;
}

/** See forward/content.ts. */
type NewFraming = (exchange: Exchange, data: DataSink) => BodyFraming;

const EMPTY = Buffer.alloc(0);
/** Octets of framing around content that come on top of as many as content may have: a last chunk, and trailers. */
const FRAMING_BYTES = 1_024;

/**
 * Finds out what the class of one exchange is, whose content decides about it. Looks at the content where it lies, among
 * the unread octets of its client, and takes nothing: what was looked at is handed on later as if nobody had. When all of
 * it is there, or too much, head and content go to a classifier thread as an entry of a batch.
 */
export class Inquiry implements Unread {
  readonly exchange: Exchange;
  readonly room = 1;
  /** What is to be judged: empty while content is waited for, and when nobody waits for the verdict any more. */
  unread: Buffer = EMPTY;
  content: number = CONTENT.TOO_MUCH;
  /** Unread octets of the client that were looked at. */
  looked = 0;
  readonly #events: InquiryEvents;
  readonly #newFraming: NewFraming;
  readonly #framing: BodyFraming;
  readonly #longest: number;
  /** Octets of content in those that were looked at. */
  #octets = 0;
  #answered = false;

  constructor(exchange: Exchange, newFraming: NewFraming, events: InquiryEvents) {
    this.exchange = exchange;
    this.#newFraming = newFraming;
    this.#events = events;
    this.#longest = exchange.snapshot.config.limits.classifyBodyBytes;
    this.#framing = newFraming(exchange, (_, from, to) => {
      this.#octets += to - from;
    });
    if (!exchange.has(HEAD_FLAG.CHUNKED)) this.#octets = exchange.contentLength;
  }

  get peer(): EntryPeer {
    return this.exchange.client.peer;
  }

  /** Head and content are to be judged, or are being judged. */
  get isAsked(): boolean {
    return this.unread.length > 0;
  }

  /** Looks at what has come since it looked last. */
  look(): Look {
    const { unread } = this.exchange.client;
    const most = Math.min(unread.length, this.#longest * 2 + FRAMING_BYTES);
    const framing = this.#framing;
    this.looked += framing.take(unread, this.looked, most);
    if (framing.fault !== undefined) return framing.fault;
    this.exchange.bytesIn = this.exchange.received.length + this.looked;
    return framing.done || this.#isTooMuch || most < unread.length ? "enough" : "more";
  }

  /** Makes an entry of what was seen. */
  ask(): void {
    const { received } = this.exchange;
    const isKnown = this.#framing.done && !this.#isTooMuch;
    this.content = isKnown ? this.#octets : CONTENT.TOO_MUCH;
    this.unread = isKnown ? Buffer.concat([received, this.#decoded()]) : received;
  }

  /** The content that was judged, without chunks around it; undefined when it was too much. */
  get judgedContent(): Buffer | undefined {
    return this.content < 0 ? undefined : this.unread.subarray(this.exchange.received.length);
  }

  // Unread: the dispatcher's side.

  judged(verdict: Verdict, snapshot: Snapshot): void {
    if (this.#answered || this.exchange.state !== "inquiring") return;
    this.#answered = true;
    this.#events.decided(this.exchange, verdict, snapshot);
  }

  judgedAll(): void {
    if (this.#answered || this.exchange.state !== "inquiring") return;
    this.#answered = true;
    this.#events.undecided(this.exchange);
  }

  get #isTooMuch(): boolean {
    return this.#octets > this.#longest;
  }

  #decoded(): Buffer {
    const { unread } = this.exchange.client;
    if (!this.exchange.has(HEAD_FLAG.CHUNKED)) return unread.subarray(0, this.#octets);
    const content = Buffer.allocUnsafe(this.#octets);
    let at = 0;
    const framing = this.#newFraming(this.exchange, (bytes, from, to) => {
      content.set(bytes.subarray(from, to), at);
      at += to - from;
    });
    framing.take(unread, 0, this.looked);
    return content;
  }
}
