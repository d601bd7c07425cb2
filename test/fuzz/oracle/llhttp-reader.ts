import { type Llhttp, newLlhttp } from "./llhttp.ts";
import type { Reading, RequestMessage, ResponseMessage } from "./message.ts";
import { Told } from "./told.ts";

/**
 * What llhttp makes of octets that should be one message when it reads all of it, strictly: heads, bodies and trailers.
 * (Shunt has it read heads alone, and through other code: packages/core/src/http/parser.ts.)
 */

const REQUEST = 1;
const RESPONSE = 2;
/** More than any input of a fuzzer. */
const MOST_BYTES = 262_144;
const OK = 0;
/** It goes no further: behind this message another protocol may come. */
const PAUSED_UPGRADE = 22;
const PROCEED = 0;
const NO_BODY = 1;

class LlhttpReader {
  readonly #llhttp: Llhttp;
  readonly #parser: number;
  readonly #base: number;
  readonly #bytes: Buffer;
  #told = new Told(0);
  #name = "";
  #value = "";
  #inValue = false;
  #behindHead = PROCEED;

  constructor(kind: number) {
    const text = (at: number, length: number): string => this.#text(at, length);
    const spans = {
      url: (at: number, length: number) => this.#told.takeTarget(text(at, length)),
      status: (at: number, length: number) => this.#told.takeReason(text(at, length)),
      header_field: (at: number, length: number) => this.#takeName(text(at, length)),
      header_value: (at: number, length: number) => this.#takeValue(text(at, length)),
      body: (at: number, length: number) => this.#told.takeBody(text(at, length)),
    };
    this.#llhttp = newLlhttp(
      spans,
      () => this.#headEnds(),
      () => this.#messageEnds(),
    );
    this.#base = this.#llhttp.malloc(MOST_BYTES);
    this.#parser = this.#llhttp.llhttp_alloc(kind);
    this.#bytes = Buffer.from(this.#llhttp.memory.buffer, this.#base, MOST_BYTES);
  }

  read(text: string, toHead: boolean, ended: boolean): Told {
    const told = new Told(text.length);
    this.#told = told;
    this.#name = "";
    this.#value = "";
    this.#inValue = false;
    this.#behindHead = toHead ? NO_BODY : PROCEED;
    this.#bytes.latin1Write(text);
    this.#llhttp.llhttp_reset(this.#parser);
    const code = this.#llhttp.llhttp_execute(this.#parser, this.#base, text.length);
    if (code === OK) told.end = text.length;
    else if (code === PAUSED_UPGRADE) told.end = this.#llhttp.llhttp_get_error_pos(this.#parser) - this.#base;
    else told.error = `llhttp error ${code}`;
    if (ended && code === OK && !told.complete) this.#llhttp.llhttp_finish(this.#parser);
    return told;
  }

  #text(at: number, length: number): string {
    return this.#bytes.latin1Slice(at - this.#base, at - this.#base + length);
  }

  #takeName(piece: string): void {
    if (this.#inValue) this.#fieldEnds();
    this.#name += piece;
  }

  #takeValue(piece: string): void {
    this.#inValue = true;
    this.#value += piece;
  }

  #fieldEnds(): void {
    if (this.#name !== "") this.#told.take([this.#name, this.#value]);
    this.#name = "";
    this.#value = "";
    this.#inValue = false;
  }

  #headEnds(): number {
    this.#fieldEnds();
    const { llhttp_get_http_minor, llhttp_get_method, llhttp_get_status_code } = this.#llhttp;
    this.#told.headEnds({
      minor: llhttp_get_http_minor(this.#parser),
      method: llhttp_get_method(this.#parser),
      status: llhttp_get_status_code(this.#parser),
      reason: "",
    });
    return this.#behindHead;
  }

  #messageEnds(): number {
    this.#fieldEnds();
    this.#told.messageEnds();
    return PROCEED;
  }
}

const requests = new LlhttpReader(REQUEST);
const responses = new LlhttpReader(RESPONSE);

export function readRequestByLlhttp(text: string): Reading<RequestMessage> {
  return requests.read(text, false, false).request();
}

/** `ended`: nothing comes behind `text`. */
export function readResponseByLlhttp(text: string, method: string, ended: boolean): Reading<ResponseMessage> {
  return responses.read(text, method === "HEAD", ended).response();
}
