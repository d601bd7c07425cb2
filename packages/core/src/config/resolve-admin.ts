import { createHash } from "node:crypto";
import { isLoopback } from "./addresses.ts";
import { COUNTS, DEFAULT_ADMIN_HOST, DEFAULT_ADMIN_PORT } from "./defaults.ts";
import { type Path, quote } from "./mistake.ts";
import type { SecretOptions } from "./options.ts";
import { readPart } from "./read-part.ts";
import { checkNames, namedEntries, type Reading } from "./reading.ts";
import type { ResolvedAdmin, ResolvedToken } from "./resolved.ts";
import { adminSchema, tokenSchema } from "./schema.ts";
import { readSecret, warnAboutInlineSecret } from "./secret.ts";

const PATH: Path = ["admin"];
/** The name of the token that has none: `admin.token`. */
const UNNAMED = "admin";

/** Where the admin API listens, and who may do what. */
export function resolveAdmin(raw: unknown, reading: Reading): ResolvedAdmin | undefined {
  const options = readPart(adminSchema, raw, PATH, reading.mistakes);
  if (options === undefined) return undefined;
  const { host = DEFAULT_ADMIN_HOST, port = DEFAULT_ADMIN_PORT, token } = options;
  const named = resolveTokens(options.tokens, reading);
  if (token === undefined && namedEntries(options.tokens).length === 0 && !isLoopback(host))
    refuseOpenAdmin(host, reading);
  const unnamed = token === undefined ? undefined : resolveUnnamed(token, host, reading);
  const tokens = unnamed === undefined ? named : [unnamed, ...named];
  refuseRepeated(tokens, reading);
  return { host, port, tokens };
}

function refuseOpenAdmin(host: string, { mistakes }: Reading): void {
  const problem = `the admin API would be open to everybody who reaches ${host}`;
  mistakes.push({ path: [...PATH, "host"], problem, expected: "a token, or a loopback address" });
}

function resolveTokens(raw: unknown, reading: Reading): ResolvedToken[] {
  if (raw === undefined) return [];
  checkNames(raw, "token", COUNTS.tokens, [...PATH, "tokens"], reading);
  return namedEntries(raw)
    .map(([name, each]) => resolveToken(name, each, reading))
    .filter((token) => token !== undefined);
}

function resolveToken(name: string, raw: unknown, reading: Reading): ResolvedToken | undefined {
  const path: Path = [...PATH, "tokens", name];
  const options = readPart(tokenSchema, raw, path, reading.mistakes);
  if (options === undefined) return undefined;
  const place = [...path, "token"];
  const read = readToken(options.token, place, reading);
  if (read?.short === true) {
    const problem = "the token is short enough to be guessed";
    reading.mistakes.push({ path: place, problem, expected: LONG_ENOUGH });
  }
  return read && { name, role: options.role, sha256: read.sha256 };
}

/** It may be short on loopback, where it was first asked for without a word about its length. */
function resolveUnnamed(options: SecretOptions, host: string, reading: Reading): ResolvedToken | undefined {
  const path = [...PATH, "token"];
  const read = readToken(options, path, reading);
  if (read?.short === true) {
    const problem = `the token is short enough to be guessed; ${LONG_ENOUGH} would not be`;
    if (isLoopback(host)) reading.warnings.push({ path, problem });
    else
      reading.mistakes.push({
        path,
        problem: "the token is short enough to be guessed",
        expected: LONG_ENOUGH,
      });
  }
  return read && { name: UNNAMED, role: "admin", sha256: read.sha256 };
}

const SHORTEST = 16;
const LONG_ENOUGH = `at least ${SHORTEST} characters by chance, as \`openssl rand -hex 16\` gives them`;
const HASHED = /^sha256:([0-9a-f]{64})$/i;
/** What fits behind `Authorization: Bearer` (RFC 6750, section 2.1). */
const BEARER_TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

interface ReadToken {
  readonly sha256: string;
  readonly short: boolean;
}

function readToken(options: SecretOptions, path: Path, reading: Reading): ReadToken | undefined {
  const token = readSecret(options, path, reading);
  const [, hash] = HASHED.exec(token ?? "") ?? [];
  if (hash !== undefined) return { sha256: hash.toLowerCase(), short: false };
  warnAboutInlineSecret(options, path, reading);
  if (token === undefined) return undefined;
  if (!BEARER_TOKEN.test(token)) {
    const expected = "letters, digits and - . _ ~ + / alone (RFC 6750, section 2.1), or sha256:HEX";
    reading.mistakes.push({ path, problem: "the token cannot be sent as a bearer token", expected });
  }
  return { sha256: createHash("sha256").update(token).digest("hex"), short: token.length < SHORTEST };
}

/** The audit log could not tell who it was. */
function refuseRepeated(tokens: readonly ResolvedToken[], { mistakes }: Reading): void {
  for (const [index, { name, sha256 }] of tokens.entries()) {
    const earlier = tokens.slice(0, index).find((token) => token.name === name || token.sha256 === sha256);
    if (earlier === undefined) continue;
    const problem =
      earlier.name === name
        ? `${quote(name)} is the name of admin.token already`
        : `this is the token of ${quote(earlier.name)} already`;
    mistakes.push({ path: [...PATH, "tokens", name], problem, expected: "a token, and a name, of its own" });
  }
}
