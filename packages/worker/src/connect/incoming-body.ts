import {
  type BodyFraming,
  ChunkedBody,
  CloseDelimitedBody,
  HEAD_FLAG,
  LengthBody,
  type Limits,
  NO_BODY,
  RESPONSE_BODY,
  type ResponseHead,
  sentOn,
} from "@shunt/core";
import type { Exchange } from "../track/exchange.ts";

const UNTIL_CLOSE = new CloseDelimitedBody();

/** The body of the response that a server connection reads: where it ends, and what of it the client gets. */
export class IncomingBody {
  /** Octets that the last `take` found to belong to it. */
  taken = 0;
  #framing: BodyFraming = NO_BODY;
  /** Data without chunk framing, for a client that does not know chunks; undefined when octets pass as they are. */
  #unchunked: Uint8Array[] | undefined;

  /** `head`: of the response that it belongs to. */
  begin(head: ResponseHead, exchange: Exchange, limits: Limits): void {
    this.#unchunked = undefined;
    this.#framing = this.#framingOf(head, exchange, limits);
  }

  get done(): boolean {
    return this.#framing.done;
  }

  get untilClose(): boolean {
    return this.#framing === UNTIL_CLOSE;
  }

  /** What is wrong with it; nothing more may be taken then. */
  get fault(): string | undefined {
    return this.#framing.fault;
  }

  /** Its octets in `source` from `at` on, as the client gets them. */
  take(source: Buffer, at: number): Uint8Array {
    this.taken = this.#framing.take(source, at, source.length);
    if (this.#unchunked === undefined) return sentOn(this.#framing, source, at, this.taken);
    const plain = Buffer.concat(this.#unchunked);
    this.#unchunked.length = 0;
    return plain;
  }

  #framingOf(head: ResponseHead, exchange: Exchange, limits: Limits): BodyFraming {
    switch (head.body) {
      case RESPONSE_BODY.LENGTH:
        return new LengthBody(head.contentLength);
      case RESPONSE_BODY.UNTIL_CLOSE:
        return UNTIL_CLOSE;
      case RESPONSE_BODY.CHUNKED:
        return this.#chunkedFraming(head, exchange, limits);
      default:
        return NO_BODY;
    }
  }

  /** An HTTP/1.0 client does not know chunks: it gets the data alone, up to the end of the connection. */
  #chunkedFraming({ optionNames }: ResponseHead, exchange: Exchange, limits: Limits): BodyFraming {
    if (!exchange.has(HEAD_FLAG.HTTP_1_0)) return ChunkedBody.ofAnswer(limits, undefined, optionNames);
    const pieces: Uint8Array[] = [];
    this.#unchunked = pieces;
    return ChunkedBody.ofAnswer(limits, (bytes, from, to) => pieces.push(bytes.subarray(from, to)));
  }
}
