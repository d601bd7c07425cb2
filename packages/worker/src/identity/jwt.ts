import { FIXED, type ResolvedJwt } from "@shunt/core/judging";
import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from "jose";
import { acceptableUser, authorization, only } from "./credentials.ts";
import type { Identifier, IdentityRequest } from "./identity.ts";
import { loadKeys, type VerificationKeys } from "./jwt-keys.ts";
import { type Finding, TokenCache } from "./token-cache.ts";

/** The compact form (RFC 7515, section 7.1) with a signature: what has another shape costs no cryptography. */
const COMPACT_FORM = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/**
 * Users named by a claim of a JSON Web Token (RFC 7519) that verifies: signature by a configured key and
 * algorithm, `exp` and `nbf` within the tolerance, issuer and audience where they are configured.
 */
export async function createJwtIdentifier(jwt: ResolvedJwt): Promise<Identifier> {
  const verifier = new JwtVerifier(jwt, await loadKeys(jwt));
  return {
    costly: true,
    identify(request, _peerTrusted, nowSeconds) {
      const token = tokenOf(request, jwt.from);
      return token === undefined ? undefined : verifier.userOf(token, nowSeconds);
    },
  };
}

function tokenOf(request: IdentityRequest, from: ResolvedJwt["from"]): string | undefined {
  return from.kind === "bearer" ? authorization(request, "bearer") : only(request.cookie(from.name));
}

/** Answers at once for a token that it has met, and with a promise for one that it must verify. */
export class JwtVerifier {
  readonly #jwt: ResolvedJwt;
  readonly #keys: VerificationKeys;
  readonly #verified = new TokenCache(FIXED.verifiedTokens);
  readonly #refused = new TokenCache(FIXED.refusedTokens);

  constructor(jwt: ResolvedJwt, keys: VerificationKeys) {
    this.#jwt = jwt;
    this.#keys = keys;
  }

  /** How many tokens are remembered as good and as bad. */
  get remembered(): { readonly verified: number; readonly refused: number } {
    return { verified: this.#verified.size, refused: this.#refused.size };
  }

  userOf(token: string, nowSeconds: number): string | undefined | Promise<string | undefined> {
    if (token.length > FIXED.credentialCharacters) return undefined;
    const known = this.#verified.get(token, nowSeconds) ?? this.#refused.get(token, nowSeconds);
    if (known !== undefined) return known.user;
    return COMPACT_FORM.test(token) ? this.#learn(token, nowSeconds) : undefined;
  }

  async #learn(token: string, nowSeconds: number): Promise<string | undefined> {
    const finding = await this.#examine(token, nowSeconds);
    const cache = finding.user === undefined ? this.#refused : this.#verified;
    cache.set(token, finding);
    return finding.user;
  }

  /** Whatever goes wrong in here says no more than that this token names nobody. */
  async #examine(token: string, nowSeconds: number): Promise<Finding> {
    try {
      return this.#accept(await verify(token, this.#keys, this.#options(nowSeconds)), nowSeconds);
    } catch (error) {
      return this.#refuse(error, nowSeconds);
    }
  }

  #options(nowSeconds: number): JWTVerifyOptions {
    const { issuer, audience, clockToleranceSeconds } = this.#jwt;
    return {
      algorithms: this.#keys.algorithms,
      currentDate: new Date(nowSeconds * 1_000),
      clockTolerance: clockToleranceSeconds,
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience }),
    };
  }

  /** The finding holds for as long as verifying again would find the same: the token's own time. */
  #accept(payload: JWTPayload, nowSeconds: number): Finding {
    const user = acceptableUser(payload[this.#jwt.claim]);
    if (user === undefined) return nobody(nowSeconds);
    const tolerance = this.#jwt.clockToleranceSeconds;
    const from = (payload.nbf ?? Number.NEGATIVE_INFINITY) - tolerance;
    const until = (payload.exp ?? Number.POSITIVE_INFINITY) + tolerance;
    return { user, from, until };
  }

  /** A token that comes too early is forgotten when its time begins. */
  #refuse(error: unknown, nowSeconds: number): Finding {
    const early =
      error instanceof errors.JWTClaimValidationFailed &&
      error.claim === "nbf" &&
      error.reason === "check_failed";
    const begins = early ? Number(error.payload.nbf) - this.#jwt.clockToleranceSeconds : undefined;
    return nobody(nowSeconds, begins);
  }
}

function nobody(nowSeconds: number, notAfter = Number.POSITIVE_INFINITY): Finding {
  return {
    user: undefined,
    from: nowSeconds,
    until: Math.min(nowSeconds + FIXED.refusedTokenSeconds, notAfter),
  };
}

/** The claims of a token that verifies; rejects otherwise. */
async function verify(token: string, keys: VerificationKeys, options: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys.keyFor, options)).payload;
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) return verifyWithEach(token, error, options);
    throw error;
  }
}

/** Without a `kid` every key of the set that serves the algorithm is tried, as when an issuer changes keys. */
async function verifyWithEach(
  token: string,
  candidates: errors.JWKSMultipleMatchingKeys,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  let tries = 0;
  for await (const key of candidates) {
    if (++tries > FIXED.keysTried) break;
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}
