import { createPublicKey, type KeyObject } from "node:crypto";
import type { JwtAlgorithm, ResolvedJwt } from "@shunt/core";
import { createLocalJWKSet, importSPKI, type JSONWebKeySet, type JWK, type JWTVerifyGetKey } from "jose";

/** RFC 7518, section 3.3. */
const MIN_RSA_BITS = 2_048;

/** The keys of a configuration, and the algorithms that they are used with: never more than those configured. */
export interface VerificationKeys {
  readonly algorithms: JwtAlgorithm[];
  readonly keyFor: JWTVerifyGetKey;
}

/**
 * Imports the key once, so that a mistake shows at start and not as a user whom nobody recognises.
 * The kind of key narrows the algorithms: a secret serves HS256 alone, a public key everything but. A token
 * signed with HS256 under the text of a public key, which everybody has, therefore never meets that key.
 */
export function loadKeys(jwt: ResolvedJwt): Promise<VerificationKeys> {
  switch (jwt.key.kind) {
    case "secret":
      return loadSecret(jwt);
    case "pem":
      return loadPem(jwt);
    case "jwks":
      return loadKeySet(jwt);
    default:
      return refuseKind(jwt.key.kind);
  }
}

async function loadSecret(jwt: ResolvedJwt): Promise<VerificationKeys> {
  const secret = new TextEncoder().encode(jwt.key.value);
  if (secret.length === 0) throw mistake("expected a secret, found an empty one");
  return { algorithms: narrow(jwt, ["HS256"]), keyFor: () => secret };
}

async function loadPem(jwt: ResolvedJwt): Promise<VerificationKeys> {
  const key = readPem(jwt.key.value);
  const algorithm = algorithmOf(key);
  if (algorithm === undefined) {
    throw mistake(`expected a key of RSA, of EC on P-256 or of Ed25519, found ${describe(key)}`);
  }
  if (isShort(key)) {
    const bits = key.asymmetricKeyDetails?.modulusLength;
    throw mistake(`expected at least ${MIN_RSA_BITS} bits of RSA, found ${bits}`);
  }
  const algorithms = narrow(jwt, [algorithm]);
  const imported = await importSPKI(key.export({ type: "spki", format: "pem" }).toString(), algorithm);
  return { algorithms, keyFor: () => imported };
}

function readPem(text: string): KeyObject {
  if (text.includes("PRIVATE KEY")) {
    throw mistake("expected a public key in PEM, found a private one, which only the issuer should have");
  }
  try {
    return createPublicKey(text);
  } catch {
    throw mistake(`expected a public key in PEM, found ${text.length} characters that are none`);
  }
}

/** What cannot be used is left out before it could get in the way of what can. */
async function loadKeySet(jwt: ResolvedJwt): Promise<VerificationKeys> {
  const usable = readKeySet(jwt.key.value)
    .map(usableKey)
    .filter((key) => key !== undefined);
  const served = usable.map(({ algorithm }) => algorithm);
  const keyFor = createLocalJWKSet({ keys: usable.map(({ jwk }) => jwk) });
  return { algorithms: narrow(jwt, served), keyFor };
}

function readKeySet(text: string): readonly JWK[] {
  const set = parseJson(text);
  if (isKeySet(set)) return set.keys;
  throw mistake('expected a JSON Web Key Set, {"keys": [{...}, ...]}, found other JSON');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw mistake(`expected a JSON Web Key Set, found ${text.length} characters that are no JSON`);
  }
}

function isKeySet(value: unknown): value is JSONWebKeySet {
  return isObject(value) && Array.isArray(value.keys) && value.keys.every(isObject);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface UsableKey {
  readonly jwk: JWK;
  readonly algorithm: JwtAlgorithm;
}

/** Undefined for a key of another purpose, of a kind that we do not know (RFC 7517, section 5), or too short. */
function usableKey(jwk: JWK, index: number): UsableKey | undefined {
  if ("d" in jwk) throw mistake(`expected public keys in the key set, found a private one at keys[${index}]`);
  const key = readJwk(jwk);
  const algorithm = key === undefined || isShort(key) ? undefined : algorithmOf(key);
  const signs = (jwk.use ?? "sig") === "sig" && (jwk.alg ?? algorithm) === algorithm;
  return algorithm !== undefined && signs ? { jwk, algorithm } : undefined;
}

function readJwk(jwk: JWK): KeyObject | undefined {
  try {
    return createPublicKey({ key: { ...jwk }, format: "jwk" });
  } catch {
    return undefined;
  }
}

function algorithmOf(key: KeyObject): JwtAlgorithm | undefined {
  if (key.asymmetricKeyType === "rsa") return "RS256";
  if (key.asymmetricKeyType === "ed25519") return "EdDSA";
  return key.asymmetricKeyDetails?.namedCurve === "prime256v1" ? "ES256" : undefined;
}

function describe(key: KeyObject): string {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return curve === undefined ? `${key.asymmetricKeyType}` : `${key.asymmetricKeyType} on ${curve}`;
}

function isShort(key: KeyObject): boolean {
  return (key.asymmetricKeyDetails?.modulusLength ?? MIN_RSA_BITS) < MIN_RSA_BITS;
}

/** Those configured that the key can serve. None left is a mistake: no token would ever verify. */
function narrow(jwt: ResolvedJwt, served: readonly JwtAlgorithm[]): JwtAlgorithm[] {
  const algorithms = jwt.algorithms.filter((algorithm) => served.includes(algorithm));
  if (algorithms.length > 0) return algorithms;
  const wanted = jwt.algorithms.join(", ") || "none";
  const offered = [...new Set(served)].join(", ") || "no known algorithm";
  throw mistake(
    `expected a key for one of the algorithms (${wanted}), found a ${jwt.key.kind} for ${offered}`,
  );
}

function mistake(what: string): Error {
  return new Error(`Cannot use identity.jwt.key: ${what}`);
}

function refuseKind(kind: never): never {
  throw mistake(`expected a secret, a PEM or a JWKS, found the kind ${JSON.stringify(kind)}`);
}
