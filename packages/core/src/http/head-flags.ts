/** What came of judging a head. */
export const HEAD = Object.freeze({ INCOMPLETE: 0, COMPLETE: 1, REFUSED: 2 } as const);
export type HeadOutcome = (typeof HEAD)[keyof typeof HEAD];

/** Properties of a request that the event loop acts on; a bit each. Of one that is refused only those of its first line. */
export const HEAD_FLAG = Object.freeze({
  SAFE: 1,
  IDEMPOTENT: 2,
  /** Content follows, of `contentLength` octets or chunked. */
  CONTENT: 4,
  CHUNKED: 8,
  /** The client connection may carry another request (RFC 9112 section 9.3). */
  PERSISTENT: 16,
  HTTP_1_0: 32,
  EXPECT_CONTINUE: 64,
  UPGRADE: 128,
  /** The credentials belong to the connection (NTLM, Negotiate). */
  BOUND: 256,
  HEAD_METHOD: 512,
  HAS_HOST: 1_024,
  /** The authority of the target is all there is of it: its path is empty. */
  EMPTY_PATH: 2_048,
  OPTIONS_METHOD: 4_096,
  /** Fields of a trusted peer that are kept. */
  KEEPS_PROTO: 8_192,
  KEEPS_HOST: 16_384,
  KEEPS_REQUEST_ID: 32_768,
  TE_TRAILERS: 65_536,
  /** Content decides about the class, and is to be judged with its head once it is there. Not told by the head alone. */
  CONTENT_DECIDES: 131_072,
  /** It may go no further (RFC 9110 section 7.6.2): the answer is ours. */
  FINAL_RECIPIENT: 262_144,
  /** Its Content-Length or Transfer-Encoding fields are dropped, and one of ours says what they said. */
  LENGTH_REWRITTEN: 524_288,
} as const);
