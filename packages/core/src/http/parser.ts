import wasm from "undici/lib/llhttp/llhttp_simd-wasm.js";
import { FIXED } from "../config/defaults.ts";

/**
 * llhttp, as undici ships it in WebAssembly, finding the parts of a message head (decision 0001).
 * It says where things are and refuses what its grammar refuses; what it lets through and we do not is the business
 * of request-head.ts and response-head.ts. Bodies never come here: parsing stops at the end of the head.
 */

interface Llhttp {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  malloc(size: number): number;
  llhttp_alloc(type: number): number;
  llhttp_reset(parser: number): void;
  llhttp_execute(parser: number, at: number, length: number): number;
  llhttp_get_error_pos(parser: number): number;
  llhttp_get_method(parser: number): number;
  llhttp_get_http_major(parser: number): number;
  llhttp_get_http_minor(parser: number): number;
  llhttp_get_status_code(parser: number): number;
}

/** llhttp's own numbers (llhttp.h, llhttp_errno). */
export const LLHTTP = Object.freeze({
  OK: 0,
  STRICT: 2,
  LF_EXPECTED: 3,
  UNEXPECTED_CONTENT_LENGTH: 4,
  INVALID_METHOD: 6,
  INVALID_URL: 7,
  INVALID_CONSTANT: 8,
  INVALID_VERSION: 9,
  INVALID_HEADER_TOKEN: 10,
  INVALID_CONTENT_LENGTH: 11,
  INVALID_STATUS: 13,
  INVALID_TRANSFER_ENCODING: 15,
  PAUSED_UPGRADE: 22,
  PAUSED_H2_UPGRADE: 23,
  USER: 24,
  CR_EXPECTED: 25,
} as const);

const REQUEST = 1;
/** What llhttp is told in place of an unregistered method. Its grammar behind it is that of any method. */
const STAND_IN = Buffer.from("POST");
const RESPONSE = 2;
/** Bytes that can be loaded at once; `limits.headBytes` stays below it, so that a head too large can be seen as such. */
export const PARSER_BYTES = FIXED.parserBytes;
/** Fields that can be told apart at once; `limits.fields` does not exceed it. */
export const PARSER_FIELDS = FIXED.parserFields;

/** Returned to llhttp by the end of a head: there is no body for you, stop here. */
const STOP_AFTER_HEAD = 2;
const CONTINUE = 0;
const ABORT = -1;

/** One for all parsers of a thread. */
let compiled: WebAssembly.Module | undefined;

const NOTHING = 0;
const IN_NAME = 1;
const IN_VALUE = 2;

export class HeadParser {
  /** What was loaded; all offsets count from its start. */
  readonly bytes: Buffer;
  /** Name offset, name length, value offset, value length of each field. */
  readonly fields = new Int32Array(PARSER_FIELDS * 4);
  fieldCount = 0;
  urlAt = 0;
  urlLength = 0;
  /** Where the head ends (exclusive), or where the parser stopped with an error. */
  end = 0;
  /** One of LLHTTP: OK means that the head is not complete yet. */
  code = 0;

  readonly #llhttp: Llhttp;
  readonly #parser: number;
  readonly #base: number;
  readonly #standIn: number;
  #last = NOTHING;

  constructor(kind: "request" | "response") {
    const proceed = (): number => CONTINUE;
    compiled ??= new WebAssembly.Module(wasm);
    const instance = new WebAssembly.Instance(compiled, {
      env: {
        wasm_on_message_begin: proceed,
        wasm_on_url: (_: number, at: number, length: number) => this.#url(at, length),
        wasm_on_status: proceed,
        wasm_on_header_field: (_: number, at: number, length: number) => this.#name(at, length),
        wasm_on_header_value: (_: number, at: number, length: number) => this.#value(at, length),
        wasm_on_headers_complete: () => STOP_AFTER_HEAD,
        wasm_on_body: proceed,
        wasm_on_message_complete: proceed,
      },
    });
    this.#llhttp = instance.exports as unknown as Llhttp;
    this.#llhttp._initialize();
    this.#base = this.#llhttp.malloc(PARSER_BYTES);
    this.#standIn = this.#llhttp.malloc(STAND_IN.length);
    this.#parser = this.#llhttp.llhttp_alloc(kind === "request" ? REQUEST : RESPONSE);
    // Nothing allocates in there any more, so the memory does not move.
    this.bytes = Buffer.from(this.#llhttp.memory.buffer, this.#base, PARSER_BYTES);
    Buffer.from(this.#llhttp.memory.buffer, this.#standIn).set(STAND_IN);
  }

  /** Takes bytes to parse; at most PARSER_BYTES. */
  load(source: Uint8Array, from: number, to: number): void {
    this.bytes.set(from === 0 && to === source.length ? source : source.subarray(from, to));
  }

  /** Parses one head between two offsets of what was loaded. Returns one of LLHTTP; PAUSED_UPGRADE is a whole head. */
  parse(from: number, to: number): number {
    this.#reset();
    return this.#execute(from, to);
  }

  /** The same for a head whose method is unregistered and ends at `methodEnd`. */
  parseBehindMethod(methodEnd: number, to: number): number {
    this.#reset();
    this.#llhttp.llhttp_execute(this.#parser, this.#standIn, STAND_IN.length);
    return this.#execute(methodEnd, to);
  }

  #reset(): void {
    this.fieldCount = 0;
    this.urlLength = 0;
    this.#last = NOTHING;
    this.#llhttp.llhttp_reset(this.#parser);
  }

  #execute(from: number, to: number): number {
    this.code = this.#llhttp.llhttp_execute(this.#parser, this.#base + from, to - from);
    this.end = this.code === LLHTTP.OK ? to : this.#llhttp.llhttp_get_error_pos(this.#parser) - this.#base;
    return this.code;
  }

  /** llhttp's number of the method; see methods.ts. */
  get method(): number {
    return this.#llhttp.llhttp_get_method(this.#parser);
  }

  get status(): number {
    return this.#llhttp.llhttp_get_status_code(this.#parser);
  }

  /** 10 is HTTP/1.0, 11 is HTTP/1.1. */
  get version(): number {
    return (
      this.#llhttp.llhttp_get_http_major(this.#parser) * 10 + this.#llhttp.llhttp_get_http_minor(this.#parser)
    );
  }

  #url(at: number, length: number): number {
    if (this.urlLength === 0) this.urlAt = at - this.#base;
    this.urlLength += length;
    return CONTINUE;
  }

  /** A part of a name. Parts of one name or value lie side by side: the bytes were given in one piece. */
  #name(at: number, length: number): number {
    if (this.#last !== IN_NAME) {
      if (this.fieldCount === PARSER_FIELDS) return ABORT;
      const f = this.fieldCount++ * 4;
      this.fields[f] = at - this.#base;
      this.fields[f + 1] = 0;
      this.fields[f + 2] = 0;
      this.fields[f + 3] = 0;
      this.#last = IN_NAME;
    }
    (this.fields[this.fieldCount * 4 - 3] as number) += length;
    return CONTINUE;
  }

  #value(at: number, length: number): number {
    const f = this.fieldCount * 4 - 4;
    if (this.#last !== IN_VALUE) {
      this.fields[f + 2] = at - this.#base;
      this.#last = IN_VALUE;
    }
    (this.fields[f + 3] as number) += length;
    return CONTINUE;
  }
}
