import { z } from "zod";
import { isListenHost } from "./addresses.ts";
import {
  ACCEPTORS_RANGE,
  BODY_BYTES_RANGE,
  CLASSIFIER_THREADS_RANGE,
  CLOCK_TOLERANCE_RANGE,
  LIMIT_RANGES,
  LOAD_POLL_RANGE,
  OUTSTANDING_LIMIT_RANGE,
  PORT_RANGE,
  type Range,
  RETRY_RANGES,
  TIMEOUT_RANGES,
  WEIGHT_RANGE,
} from "./defaults.ts";
import { oneOf } from "./mistake.ts";
import type {
  AdminOptions,
  AnnouncedLoadOptions,
  ClassOptions,
  EmbeddedStateOptions,
  HashOnOptions,
  IdentityOptions,
  JwtKeyOptions,
  JwtOptions,
  LeniencyOptions,
  LimitOptions,
  ListenerOptions,
  LoadPollOptions,
  LogOptions,
  OutstandingLimitOptions,
  PoolOptions,
  RedisStateOptions,
  RedisTlsOptions,
  RetryOptions,
  RuleOptions,
  SecretOptions,
  ServerOptions,
  ShuntOptions,
  TimeoutOptions,
  TokenOptions,
  TrustOptions,
} from "./options.ts";
import { ROLES, SERVER_STATES } from "./resolved.ts";
import { isName, isToken } from "./token.ts";

/**
 * The raw options as they may be written, a schema for each part. A part names its own keys and the kinds of their
 * values; what lies under a named entry (a server of a pool) is a part of its own, so that one broken part hides
 * no mistake of another. `read-part.ts` turns what zod finds into mistakes; `resolve.ts` says which parts there are.
 *
 * Each shape is held against its interface in `options.ts` by the compiler: a key too many, a key too few, or a
 * value of another type does not build.
 */
export type Shape<Options, Elsewhere extends keyof Options = never> = {
  [Key in keyof Options]-?: Key extends Elsewhere ? z.ZodType<unknown> : z.ZodType<Options[Key]>;
};

/** A value for which one sentence tells what was expected, whatever was found. */
export function value<T>(accepts: (found: unknown) => boolean, expected: string): z.ZodType<T> {
  return z.custom<T>(accepts, { params: { expected } });
}

export function integer([lowest, highest]: Range): z.ZodType<number> {
  return value(
    (found) => isInteger(found) && found >= lowest && found <= highest,
    `an integer in ${lowest}..${highest}`,
  );
}

function isInteger(found: unknown): found is number {
  return Number.isSafeInteger(found);
}

export function choice<const Name extends string>(names: readonly Name[]): z.ZodType<Name> {
  return value((found) => names.includes(found as Name), oneOf(names));
}

export function text(
  what: string,
  accepts: (found: string) => boolean = (found) => found !== "",
): z.ZodType<string> {
  return value((found) => typeof found === "string" && accepts(found), what);
}

const onOrOff = value<boolean>((found) => typeof found === "boolean", "true or false").optional();

/** `{ key: text }` with that one key. */
function isTagged(found: unknown, keys: readonly string[], accepts: (tagged: string) => boolean): boolean {
  if (typeof found !== "object" || found === null) return false;
  const [entry, ...others] = Object.entries(found);
  if (entry === undefined || others.length > 0) return false;
  return keys.includes(entry[0]) && typeof entry[1] === "string" && accepts(entry[1]);
}

const isFilled = (found: string): boolean => found !== "";

const reference = (what: string): z.ZodType<string> => text(`the name of a ${what}`);
/** Parts that are read on their own: here they only have to be an object, or to be there. */
const entries = (what: string): z.ZodType<Record<string, unknown>> =>
  value(isObject, `an object of ${what} by name`);
export const anything = z.unknown();

export function isObject(found: unknown): found is Record<string, unknown> {
  return typeof found === "object" && found !== null && !Array.isArray(found);
}

const secret: z.ZodType<SecretOptions> = value(
  (found) => (typeof found === "string" && found !== "") || isTagged(found, ["env", "file"], isFilled),
  '{ env: "NAME" }, { file: "PATH" } or a text that is not empty',
);

const listenHost = text('an address like "127.0.0.1", or "localhost"', isListenHost);

export const listenerSchema = z.strictObject({
  host: listenHost.optional(),
  port: integer(PORT_RANGE),
  proxyProtocol: onOrOff,
} satisfies Shape<ListenerOptions>);

const hashOn: z.ZodType<HashOnOptions> = value(
  (found) =>
    ["client", "user", "path", "host"].includes(found as string) ||
    isTagged(found, ["header", "cookie"], isToken) ||
    isTagged(found, ["query"], isFilled),
  '"client", "user", "path", "host", { header: "NAME" }, { cookie: "NAME" } or { query: "NAME" }',
);

const LONGEST_PATH = 1_024;
const POLL_PATH = /^\/[!-~]*$/;

export const loadPollSchema = z.strictObject({
  poll: text(
    `a path like "/load" of at most ${LONGEST_PATH} characters`,
    (found) => found.length <= LONGEST_PATH && POLL_PATH.test(found) && !found.includes("#"),
  ),
  intervalMs: integer(LOAD_POLL_RANGE).optional(),
} satisfies Shape<LoadPollOptions>);

const announcedLoad = value<AnnouncedLoadOptions>(
  (found) => found === "response" || isObject(found),
  '"response" or { poll: "/load" }',
);

/** Of a pool or a server. */
export const outstandingLimitSchema = z.strictObject({
  outstanding: integer(OUTSTANDING_LIMIT_RANGE),
  scope: choice(["acceptor", "cluster"]).optional(),
} satisfies Shape<OutstandingLimitOptions>);

export const poolSchema = z.strictObject({
  servers: entries("servers"),
  balance: choice(["least-load", "p2c", "peak-ewma", "round-robin", "hash"]).optional(),
  hashOn: hashOn.optional(),
  share: choice(["off", "auto"]).optional(),
  proxyProtocol: choice(["off", "v1", "v2"]).optional(),
  sharedLoad: onOrOff,
  announcedLoad: announcedLoad.optional(),
  limit: anything.optional(),
  health: anything.optional(),
} satisfies Shape<PoolOptions, "servers" | "limit" | "health">);

export const serverSchema = z.strictObject({
  url: text('a text like "http://127.0.0.1:9001"'),
  weight: integer(WEIGHT_RANGE).optional(),
  state: choice(SERVER_STATES).optional(),
  limit: anything.optional(),
} satisfies Shape<ServerOptions, "limit">);

export const classSchema = z.strictObject({
  pool: reference("pool"),
  spill: reference("pool").optional(),
  bodyBytes: integer(BODY_BYTES_RANGE).optional(),
} satisfies Shape<ClassOptions>);

const LONGEST_RULE_NAME = 128;
const PRINTABLE = /^[^\p{Cc}\p{Cs}]+$/u;

export const ruleSchema = z.strictObject({
  name: text(
    `a text of 1 to ${LONGEST_RULE_NAME} characters without control characters`,
    (found) => found.length <= LONGEST_RULE_NAME && PRINTABLE.test(found),
  ),
  when: value(isObject, 'a condition like { path: { prefix: "/api" } }, or {} for every request'),
  class: reference("class"),
} satisfies Shape<RuleOptions, "when">);

/** Every number of a group is optional and has its range. */
export function numbers<Key extends string>(ranges: Readonly<Record<Key, Range>>): NumberShape<Key> {
  const shape = Object.entries<Range>(ranges).map(([key, range]) => [key, integer(range).optional()]);
  return Object.fromEntries(shape) as NumberShape<Key>;
}

export type NumberShape<Key extends string> = Record<Key, z.ZodOptional<z.ZodType<number>>>;

export const timeoutsSchema = z.strictObject(numbers(TIMEOUT_RANGES) satisfies Shape<TimeoutOptions>);
export const limitsSchema = z.strictObject(numbers(LIMIT_RANGES) satisfies Shape<LimitOptions>);
export const retrySchema = z.strictObject(numbers(RETRY_RANGES) satisfies Shape<RetryOptions>);

export const trustSchema = z.strictObject({
  peers: z.array(text("an address or a CIDR block")).optional(),
  fields: z.array(text("the name of a header field", isToken)).optional(),
} satisfies Shape<TrustOptions>);

export const leniencySchema = z.strictObject({
  ambiguousPaths: onOrOff,
  targetOctets: onOrOff,
  hostDiffers: onOrOff,
  repeatedContentLength: onOrOff,
} satisfies Shape<LeniencyOptions>);

export const jwtKeySchema: z.ZodType<JwtKeyOptions> = value(
  (found) => isObject(found) && Object.keys(found).length === 1 && isKey(found),
  "exactly one of { secret }, { pem } or { jwks }, with a text, { env } or { file } in it",
);

function isKey(found: Record<string, unknown>): boolean {
  return ["secret", "pem", "jwks"].some((kind) => secret.safeParse(found[kind]).success);
}

export const jwtSchema = z.strictObject({
  claim: text("the name of a claim").optional(),
  from: value<"bearer" | { readonly cookie: string }>(
    (found) => found === "bearer" || isTagged(found, ["cookie"], isToken),
    '"bearer" or { cookie: "NAME" }',
  ).optional(),
  algorithms: z.array(choice(["HS256", "RS256", "ES256", "EdDSA"])).optional(),
  key: jwtKeySchema,
  issuer: text("a text").optional(),
  audience: text("a text").optional(),
  clockToleranceSeconds: integer(CLOCK_TOLERANCE_RANGE).optional(),
} satisfies Shape<JwtOptions>);

export const identitySchema = z.strictObject({
  jwt: anything.optional(),
  basic: value<true>((found) => found === true, "true").optional(),
  header: text("the name of a header field", isToken).optional(),
} satisfies Shape<IdentityOptions, "jwt">);

export const logSchema = z.strictObject({
  level: choice(["debug", "info", "warn", "error", "silent"]).optional(),
  access: text('"stdout", "off" or a path').optional(),
} satisfies Shape<LogOptions>);

export const adminSchema = z.strictObject({
  host: listenHost.optional(),
  port: integer(PORT_RANGE).optional(),
  token: secret.optional(),
  tokens: entries("tokens").optional(),
} satisfies Shape<AdminOptions, "tokens">);

export const tokenSchema = z.strictObject({
  token: secret,
  role: choice(ROLES),
} satisfies Shape<TokenOptions>);

export const embeddedStateSchema = z.strictObject({
  kind: value<"embedded">((found) => found === "embedded", '"embedded" or "redis"').optional(),
  path: text("a path").optional(),
} satisfies Shape<EmbeddedStateOptions>);

export const redisStateSchema = z.strictObject({
  kind: value<"redis">((found) => found === "redis", '"redis"'),
  url: secret,
  user: secret.optional(),
  password: secret.optional(),
  prefix: text("1 to 64 letters, digits, and _ . - (the last two not first)", isName).optional(),
  tls: anything.optional(),
  path: text("a path").optional(),
} satisfies Shape<RedisStateOptions, "tls">);

export const redisTlsSchema = z.strictObject({
  ca: secret.optional(),
  cert: secret.optional(),
  key: secret.optional(),
  serverName: text("a host name").optional(),
} satisfies Shape<RedisTlsOptions>);

/** Only the keys of the root, and what no other part looks at. */
export const rootSchema = z.strictObject({
  listeners: entries("listeners"),
  acceptors: integer(ACCEPTORS_RANGE).optional(),
  classifierThreads: integer(CLASSIFIER_THREADS_RANGE).optional(),
  pools: entries("pools"),
  classes: entries("classes"),
  rules: z.array(anything).optional(),
  defaultClass: reference("class"),
  timeouts: anything.optional(),
  limits: anything.optional(),
  retry: anything.optional(),
  trust: anything.optional(),
  leniency: anything.optional(),
  identity: anything.optional(),
  log: anything.optional(),
  admin: anything.optional(),
  state: anything.optional(),
} satisfies Shape<
  ShuntOptions,
  | "listeners"
  | "pools"
  | "classes"
  | "rules"
  | "timeouts"
  | "limits"
  | "retry"
  | "trust"
  | "leniency"
  | "identity"
  | "log"
  | "admin"
  | "state"
>);
