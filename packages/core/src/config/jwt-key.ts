import { createPublicKey, type KeyObject } from "node:crypto";
import type { JwtAlgorithm, ResolvedJwt } from "./resolved.ts";

type Key = ResolvedJwt["key"];

/** A key in the form in which acceptors get it, and the algorithms whose signatures it can verify. */
export interface CheckedKey {
  readonly key: Key;
  readonly algorithms: readonly JwtAlgorithm[];
  /** What is allowed and worth knowing. */
  readonly warning?: string;
}

/** Checks that the text is a key of its kind and nothing more secret than it has to be. Never repeats the text. */
export function checkKey({ kind, value }: Key): CheckedKey | { readonly problem: string } {
  switch (kind) {
    case "secret":
      return checkSecret(value);
    case "pem":
      return checkPem(value);
    case "jwks":
      return checkKeySet(value);
  }
}

/** RFC 7518, section 3.2: a key of at least the size of the hash. Shorter ones are in use, so it is a warning. */
const SECRET_BYTES = 32;

function checkSecret(value: string): CheckedKey {
  const short = Buffer.byteLength(value) < SECRET_BYTES;
  const warning = `the secret is shorter than the ${SECRET_BYTES} bytes that HS256 asks for (RFC 7518, section 3.2)`;
  return { key: { kind: "secret", value }, algorithms: ["HS256"], ...(short ? { warning } : {}) };
}

/** Whatever public form it had (SPKI, PKCS #1, a certificate), it goes on as SPKI. */
function checkPem(value: string): CheckedKey | { readonly problem: string } {
  if (value.includes("PRIVATE KEY"))
    return { problem: "this is a private key; verifying takes the public one alone" };
  try {
    const key = createPublicKey(value);
    const algorithms = algorithmsOf(key);
    if (algorithms.length === 0) return { problem: `a key of the type ${typeOf(key)} cannot be used` };
    const spki = key.export({ type: "spki", format: "pem" }).toString();
    return { key: { kind: "pem", value: spki }, algorithms };
  } catch {
    return { problem: "the text is not a public key in PEM" };
  }
}

/** Keys of unknown types are passed over (RFC 7517, section 5), as long as one is left. */
function checkKeySet(value: string): CheckedKey | { readonly problem: string } {
  const keys = parseKeySet(value);
  if (keys === undefined) return { problem: 'the text is not a JWK Set: a JSON object with a list "keys"' };
  if (keys.some((key) => "d" in key || "k" in key)) {
    return { problem: "the JWK Set has a private or symmetric key in it; verifying takes public ones alone" };
  }
  const algorithms = [...new Set(keys.flatMap(algorithmsOfJwk))];
  if (algorithms.length === 0) return { problem: "the JWK Set has no key that can be used" };
  return { key: { kind: "jwks", value }, algorithms };
}

type Jwk = Record<string, unknown>;

function parseKeySet(value: string): Jwk[] | undefined {
  try {
    const { keys } = JSON.parse(value) as { readonly keys?: unknown };
    const isKey = (key: unknown): key is Jwk => typeof key === "object" && key !== null;
    return Array.isArray(keys) && keys.every(isKey) ? keys : undefined;
  } catch {
    return undefined;
  }
}

function algorithmsOfJwk(jwk: Jwk): JwtAlgorithm[] {
  try {
    return algorithmsOf(createPublicKey({ key: jwk, format: "jwk" }));
  } catch {
    return [];
  }
}

/** RFC 7518, section 3.3. */
const RSA_BITS = 2048;

function algorithmsOf(key: KeyObject): JwtAlgorithm[] {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa" && modulusLength >= RSA_BITS) return ["RS256"];
  if (key.asymmetricKeyType === "ec" && namedCurve === "prime256v1") return ["ES256"];
  return key.asymmetricKeyType === "ed25519" ? ["EdDSA"] : [];
}

function typeOf(key: KeyObject): string {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  const detail = namedCurve ?? (modulusLength === undefined ? undefined : `${modulusLength} bits`);
  return detail === undefined ? String(key.asymmetricKeyType) : `${key.asymmetricKeyType} (${detail})`;
}
