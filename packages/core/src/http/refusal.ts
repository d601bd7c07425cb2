/**
 * Why a request is refused: the rule, the status that says so, and where the rule comes from. A refusal travels
 * between threads as its number, so entries are appended and never reordered.
 */
export interface Refusal {
  /** Names the rule in log, metric and `Proxy-Status`. */
  readonly rule: string;
  readonly status: number;
  /** Sections of the RFC, or the option that sets the bound. */
  readonly source: string;
  /** What was expected, for the body of the answer and for the log. */
  readonly expected: string;
}

const NONE: Refusal = { rule: "none", status: 200, source: "", expected: "" };

const TABLE = [
  ["request-line", 400, "RFC 9112 3", "method SP target SP HTTP/1.x CRLF, with single spaces"],
  ["method", 501, "limits.targetBytes", "a method no longer than a target may be"],
  ["version", 505, "RFC 9112 2.3", "HTTP/1.0 or HTTP/1.1"],
  ["target", 400, "RFC 9112 3.2", "a target in origin-form, absolute-form, or * for OPTIONS"],
  ["target-bytes", 414, "limits.targetBytes", "a shorter target"],
  ["head-bytes", 431, "limits.headBytes", "a shorter head"],
  ["fields", 431, "limits.fields", "fewer fields"],
  [
    "field-line",
    400,
    "RFC 9112 5",
    "name: value CRLF, the name a token, no folding and no control characters",
  ],
  ["line-end", 400, "RFC 9112 2.2", "every line to end with CR LF"],
  ["host-missing", 400, "RFC 9112 3.2", "one Host field"],
  ["host-repeated", 400, "RFC 9112 3.2", "one Host field, not several"],
  ["host-value", 400, "RFC 9110 7.2", "Host to be a host with an optional port"],
  ["host-differs", 400, "RFC 9112 3.2.2", "Host to agree with the authority of the target"],
  ["content-length", 400, "RFC 9112 6.3", "Content-Length to be one decimal number"],
  ["content-length-repeated", 400, "RFC 9112 6.3", "one Content-Length field, not several"],
  ["two-lengths", 400, "RFC 9112 6.1", "Content-Length or Transfer-Encoding, not both"],
  ["transfer-encoding", 400, "RFC 9112 6.1", "Transfer-Encoding to be chunked, once"],
  ["transfer-coding", 501, "RFC 9112 7", "no transfer coding but chunked"],
  ["transfer-encoding-1.0", 400, "RFC 9112 6.1", "no Transfer-Encoding in HTTP/1.0"],
  ["connect", 501, "RFC 9110 9.3.6", "no CONNECT: this is not a forward proxy"],
  ["expect", 417, "RFC 9110 10.1.1", "Expect to be 100-continue"],
  ["chunk", 400, "RFC 9112 7.1", "chunk-size [extensions] CRLF data CRLF"],
  ["chunk-extension-bytes", 400, "limits.chunkExtensionBytes", "shorter chunk extensions"],
  [
    "trailer",
    400,
    "RFC 9112 7.1.2",
    "trailer fields that are well-formed, none of them Content-Length, Transfer-Encoding or Host",
  ],
  ["trailer-bytes", 431, "limits.trailerBytes", "a shorter trailer section"],
  ["head-timeout", 408, "timeouts.headMs", "the head in less time"],
  ["body-timeout", 408, "timeouts.bodyIdleMs", "content without such a pause"],
  ["classifier", 500, "timeouts.classifyMs", "a request that can be classified in time"],
  ["body-bytes", 413, "classes.NAME.bodyBytes", "less content"],
  ["body-rate", 408, "limits.bodyBytesPerSecond", "content at a higher rate"],
  ["trailer-fields", 431, "limits.fields", "fewer trailer fields"],
  ["target-ambiguous", 400, "RFC 3986 3.3", "a path that every reader reads alike"],
  ["connection-option", 400, "RFC 9110 7.6.1", "Connection to name no field that decides about the request"],
  ["max-forwards", 400, "RFC 9110 7.6.2", "one decimal number of hops"],
  ["trace-content", 400, "RFC 9110 9.3.8", "no content in TRACE"],
  ["loop", 508, "RFC 9110 7.6.3", "a request that has not been here again and again"],
  ["content-incomplete", 400, "RFC 9112 8", "all of the content before the connection ends"],
] as const satisfies readonly (readonly [string, number, string, string])[];

export const REFUSALS: readonly Refusal[] = Object.freeze([
  NONE,
  ...TABLE.map(([rule, status, source, expected]) => Object.freeze({ rule, status, source, expected })),
]);

/** Numbers of the rules, as they stand in verdict records. */
export const REFUSE = Object.freeze({
  NONE: 0,
  REQUEST_LINE: 1,
  METHOD: 2,
  VERSION: 3,
  TARGET: 4,
  TARGET_BYTES: 5,
  HEAD_BYTES: 6,
  FIELDS: 7,
  FIELD_LINE: 8,
  LINE_END: 9,
  HOST_MISSING: 10,
  HOST_REPEATED: 11,
  HOST_VALUE: 12,
  HOST_DIFFERS: 13,
  CONTENT_LENGTH: 14,
  CONTENT_LENGTH_REPEATED: 15,
  TWO_LENGTHS: 16,
  TRANSFER_ENCODING: 17,
  TRANSFER_CODING: 18,
  TRANSFER_ENCODING_1_0: 19,
  CONNECT: 20,
  EXPECT: 21,
  CHUNK: 22,
  CHUNK_EXTENSION_BYTES: 23,
  TRAILER: 24,
  TRAILER_BYTES: 25,
  HEAD_TIMEOUT: 26,
  BODY_TIMEOUT: 27,
  CLASSIFIER: 28,
  BODY_BYTES: 29,
  BODY_RATE: 30,
  TRAILER_FIELDS: 31,
  TARGET_AMBIGUOUS: 32,
  CONNECTION_OPTION: 33,
  MAX_FORWARDS: 34,
  TRACE_CONTENT: 35,
  LOOP: 36,
  CONTENT_INCOMPLETE: 37,
} as const);
