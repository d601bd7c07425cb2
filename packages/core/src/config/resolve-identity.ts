import { DEFAULT_CLOCK_TOLERANCE_SECONDS, DEFAULT_JWT_CLAIM } from "./defaults.ts";
import { checkKey } from "./jwt-key.ts";
import { oneOf, type Path, quote } from "./mistake.ts";
import type { JwtKeyOptions, JwtOptions } from "./options.ts";
import { readPart } from "./read-part.ts";
import type { Reading } from "./reading.ts";
import type { JwtAlgorithm, ResolvedIdentity, ResolvedJwt } from "./resolved.ts";
import { identitySchema, isObject, jwtKeySchema, jwtSchema } from "./schema.ts";
import { readSecret, warnAboutInlineSecret } from "./secret.ts";

const PATH: Path = ["identity"];
const KINDS = ["jwt", "basic", "header"] as const;

/** Who the user of a request is. `trusted`: how many blocks of peers are trusted. */
export function resolveIdentity(raw: unknown, trusted: number, reading: Reading): ResolvedIdentity {
  if (raw === undefined) return { kind: "none" };
  const options = readPart(identitySchema, raw, PATH, reading.mistakes);
  const jwt =
    isObject(raw) && raw.jwt !== undefined ? resolveJwt(raw.jwt, [...PATH, "jwt"], reading) : undefined;
  if (options === undefined || !hasOneKind(options, reading)) return { kind: "none" };
  if (jwt !== undefined) return { kind: "jwt", jwt };
  if (options.basic === true) return { kind: "basic" };
  if (options.header === undefined) return { kind: "none" };
  if (trusted === 0) warnAboutHeader(reading);
  return { kind: "header", name: options.header.toLowerCase() };
}

function hasOneKind(options: Record<string, unknown>, { mistakes }: Reading): boolean {
  const kinds = KINDS.filter((kind) => options[kind] !== undefined);
  if (kinds.length === 1) return true;
  const problem =
    kinds.length === 0 ? "names no way to identify a user" : `names ${kinds.length} ways at once`;
  mistakes.push({ path: PATH, problem, expected: `exactly one of ${oneOf(KINDS)}` });
  return false;
}

function warnAboutHeader({ warnings }: Reading): void {
  const problem =
    "nobody will be identified: the field is believed from trust.peers only, and there are none";
  warnings.push({ path: [...PATH, "header"], problem });
}

/** The key is looked at even where another option is wrong: a file that is missing should not show up afterwards. */
function resolveJwt(raw: unknown, path: Path, reading: Reading): ResolvedJwt | undefined {
  const options = readPart(jwtSchema, raw, path, reading.mistakes);
  const key = jwtKeySchema.safeParse(isObject(raw) ? raw.key : undefined).data;
  const checked = key && resolveKey(key, [...path, "key"], reading);
  if (options === undefined || checked === undefined) return undefined;
  return {
    claim: options.claim ?? DEFAULT_JWT_CLAIM,
    from: tokenPlace(options.from),
    algorithms: resolveAlgorithms(options.algorithms, checked.algorithms, [...path, "algorithms"], reading),
    key: checked.key,
    issuer: options.issuer,
    audience: options.audience,
    clockToleranceSeconds: options.clockToleranceSeconds ?? DEFAULT_CLOCK_TOLERANCE_SECONDS,
  };
}

function tokenPlace(from: JwtOptions["from"]): ResolvedJwt["from"] {
  return typeof from === "object" ? { kind: "cookie", name: from.cookie } : { kind: "bearer" };
}

interface UsableKey {
  readonly key: ResolvedJwt["key"];
  readonly algorithms: readonly JwtAlgorithm[];
}

function resolveKey(options: JwtKeyOptions, path: Path, reading: Reading): UsableKey | undefined {
  const [kind, secret] = keyOf(options);
  const place = [...path, kind];
  const value = readSecret(secret, place, reading);
  if (value === undefined) return undefined;
  if (kind === "secret") warnAboutInlineSecret(secret, place, reading);
  const checked = checkKey({ kind, value });
  if ("problem" in checked) {
    reading.mistakes.push({ path: place, problem: checked.problem, expected: EXPECTED_KEYS[kind] });
    return undefined;
  }
  if (checked.warning !== undefined) reading.warnings.push({ path: place, problem: checked.warning });
  return checked;
}

const EXPECTED_KEYS: Readonly<Record<ResolvedJwt["key"]["kind"], string>> = {
  secret: "a text",
  pem: "an RSA (2048 bits or more), P-256 or Ed25519 public key in PEM",
  jwks: "a JWK Set with an RSA (2048 bits or more), P-256 or Ed25519 public key",
};

function keyOf(options: JwtKeyOptions) {
  if ("secret" in options) return ["secret", options.secret] as const;
  return "pem" in options ? (["pem", options.pem] as const) : (["jwks", options.jwks] as const);
}

/**
 * Only algorithms that fit the kind of the key: a public key that is taken for the secret of HS256 lets everybody
 * sign (RFC 8725, section 2.1).
 */
function resolveAlgorithms(
  asked: readonly JwtAlgorithm[] | undefined,
  possible: readonly JwtAlgorithm[],
  path: Path,
  { mistakes }: Reading,
): readonly JwtAlgorithm[] {
  if (asked === undefined) return possible;
  const expected = `${oneOf(possible)}, which the key can verify`;
  if (asked.length === 0) mistakes.push({ path, problem: "found an empty list", expected });
  for (const [index, algorithm] of asked.entries()) {
    if (possible.includes(algorithm)) continue;
    const problem = `${quote(algorithm)} does not fit the key`;
    mistakes.push({ path: [...path, index], problem, expected });
  }
  return asked;
}
