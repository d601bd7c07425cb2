/** The part of a request that may name a user. Names of fields are in lower case; values have no outer whitespace. */
export interface IdentityRequest {
  header(name: string): readonly string[];
  cookie(name: string): readonly string[];
}

/** Finds the user of a request: the individual whom rules mean by `user`. */
export interface Identifier {
  /** True: signatures are verified, so it must not run on the event loop. */
  readonly costly: boolean;
  /**
   * The user named by this request; undefined when nobody is: no credential, an ambiguous one, or one that does
   * not verify. A promise when a signature must be checked first. Never throws, and its promise never rejects:
   * whoever cannot be identified is nobody, and the request goes where nobody's requests go.
   * @param peerTrusted whether the peer of the connection is one of `trust.peers`
   * @param nowSeconds the time in seconds since 1970, against which `exp` and `nbf` are held
   */
  identify(
    request: IdentityRequest,
    peerTrusted: boolean,
    nowSeconds: number,
  ): string | undefined | Promise<string | undefined>;
}
