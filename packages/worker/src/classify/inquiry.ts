import {
  type BodyFraming,
  CONTENT,
  type DataPlaneConfig,
  type DataSink,
  type EntryPeer,
  FIXED,
  HEAD_FLAG,
  type Snapshot,
  type Verdict,
} from "@shunt/core";
import type { Exchange } from "../track/exchange.ts";
import type { Backlog } from "./backlog.ts";
import type { Rest, Unread } from "./dispatch.ts";

/** What came of looking: all that is needed was seen, there is more to come, or it is not content (a name of a fault). */
export type Look = "enough" | "more" | NonNullable<BodyFraming["fault"]>;

/** Told what comes of a question that was asked. */
export interface InquiryEvents {
  /** The verdict is written over by the next one. */
  decided(exchange: Exchange, verdict: Verdict, snapshot: Snapshot): void;
  /** The question is to go with the next batch: it is new, or a batch had no room for its verdict. */
  asks(inquiry: Inquiry): void;
  /** There is no verdict: a thread got stuck with it. */
  undecided(exchange: Exchange): void;
}

/** See forward/content.ts. */
type NewFraming = (exchange: Exchange, data: DataSink) => BodyFraming;

const EMPTY = Buffer.alloc(0);

/**
 * Finds out what the class of one exchange is, whose content decides about it. Looks at the content where it lies, among
 * the unread octets of its client, and takes nothing: what was looked at is handed on later as if nobody had. When all of
 * it is there, or too much, head and content go to a classifier thread as an entry of a batch.
 */
export class Inquiry implements Unread {
  readonly exchange: Exchange;
  readonly room = 1;
  content: number = CONTENT.TOO_MUCH;
  /** Unread octets of the client that were looked at. */
  looked = 0;
  readonly #events: InquiryEvents;
  readonly #backlog: Backlog;
  readonly #newFraming: NewFraming;
  readonly #framing: BodyFraming;
  readonly #limits: DataPlaneConfig["limits"];
  /** Octets of content in those that were looked at. */
  #octets = 0;
  /** Head and content, or the head alone; empty while content is waited for. */
  #asked: Buffer = EMPTY;
  #answered = false;

  constructor(exchange: Exchange, newFraming: NewFraming, backlog: Backlog, events: InquiryEvents) {
    this.exchange = exchange;
    this.#newFraming = newFraming;
    this.#backlog = backlog;
    this.#events = events;
    this.#limits = exchange.snapshot.config.limits;
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
    return this.#asked.length > 0;
  }

  /** Looks at what has come since it looked last. */
  look(): Look {
    const { unread } = this.exchange.client;
    const most = Math.min(unread.length, this.#limits.classifyBodyBytes * 2 + FIXED.inquiryFramingBytes);
    const framing = this.#framing;
    this.looked += framing.take(unread, this.looked, most);
    if (framing.fault !== undefined) return framing.fault;
    this.exchange.contentCame(this.looked);
    return framing.done || this.#isTooMuch || most < unread.length ? "enough" : "more";
  }

  /** Makes an entry of what was seen, and asks for a verdict on it. */
  ask(): void {
    const { received } = this.exchange;
    const isKnown = this.#framing.done && !this.#isTooMuch;
    this.content = isKnown ? this.#octets : CONTENT.TOO_MUCH;
    this.#asked = isKnown ? Buffer.concat([received, this.#decoded()]) : received;
    this.#backlog.add(this.#asked.length, this.#limits.headsBufferBytes);
    this.#events.asks(this);
  }

  /** The content that was judged, without chunks around it; undefined when it was too much. */
  get judgedContent(): Buffer | undefined {
    return this.content < 0 ? undefined : this.#asked.subarray(this.exchange.received.length);
  }

  // Unread: the dispatcher's side.

  /** What is to be judged: nothing while content is waited for, nor when nobody waits for the verdict any more. */
  get unread(): Buffer {
    return this.#isAwaited ? this.#asked : EMPTY;
  }

  judged(verdict: Verdict, snapshot: Snapshot): void {
    if (!this.#isAwaited) return;
    this.#answered = true;
    this.#events.decided(this.exchange, verdict, snapshot);
  }

  judgedAll(_read: number, rest: Rest): void {
    if (rest === "more" && this.#isAwaited) {
      this.#events.asks(this);
      return;
    }
    this.#backlog.remove(this.#asked.length, this.#limits.headsBufferBytes);
    if (!this.#isAwaited) return;
    this.#answered = true;
    this.#events.undecided(this.exchange);
  }

  get #isAwaited(): boolean {
    return !this.#answered && this.exchange.state === "inquiring";
  }

  get #isTooMuch(): boolean {
    return this.#octets > this.#limits.classifyBodyBytes;
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
