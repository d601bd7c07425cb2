import {
  type AnnouncedLoad,
  type Condition,
  type DataPlaneConfig,
  type HashKey,
  type Matcher,
  type RedisTls,
  type ResolvedClass,
  type ResolvedConfig,
  type ResolvedIdentity,
  type ResolvedJwt,
  type ResolvedListener,
  type ResolvedPool,
  type ResolvedServer,
  type ResolvedState,
  redisUrlOf,
  UNBOUNDED,
} from "@shunt/core";
import type {
  AdminOptions,
  ClassOptions,
  ConditionOptions,
  HashOnOptions,
  IdentityOptions,
  JwtKeyOptions,
  ListenerOptions,
  MatcherOptions,
  PoolOptions,
  RedisTlsOptions,
  ServerOptions,
  ShuntOptions,
  StateOptions,
} from "@shunt/core/config";

import { healthOptions } from "./health-options.ts";

/** Stands where a secret stands. Where it comes back, at the same place, it means: as it is. */
export const SECRET = "(secret)";

/** A secret that can be compared and not be seen: as JSON, and in any text, it is the placeholder. */
export class HiddenSecret {
  readonly value: string;

  constructor(value: string) {
    this.value = value;
  }

  toJSON(): string {
    return SECRET;
  }

  toString(): string {
    return SECRET;
  }
}

/** What takes the place of each secret. A text in the types, since one is what stands in a configuration file. */
type Secrets = (secret: string) => string;

export const SHOWN: Secrets = (secret) => secret;
export const REPLACED: Secrets = () => SECRET;
/** For comparing: two are the same when their secrets are. */
export const HIDDEN: Secrets = (secret) => new HiddenSecret(secret) as unknown as string;

/** What acceptors do not get: each coordinator has its own. */
export type OwnConfig = Pick<ResolvedConfig, "admin" | "state">;

/**
 * A configuration in the form of a configuration file, with all defaults written out: what `resolveConfig` makes of it
 * is that configuration again. Where a part gains a field, the compiler asks here for its option.
 */
export function optionsOf(config: DataPlaneConfig, secrets: Secrets): ShuntOptions {
  const { pools, classes, identity } = config;
  const poolName = (index: number): string => pools[index]?.name ?? "";
  const className = (index: number): string => classes[index]?.name ?? "";
  return {
    listeners: byName(config.listeners, listenerOptions),
    acceptors: config.acceptors,
    classifierThreads: config.classifierThreads,
    pools: byName(pools, poolOptions),
    classes: byName(classes, (each) => classOptions(each, poolName)),
    rules: config.rules.map((rule) => ({
      name: rule.name,
      when: conditionOptions(rule.when),
      class: className(rule.class),
    })),
    defaultClass: className(config.defaultClass),
    timeouts: { ...config.timeouts },
    limits: { ...config.limits },
    retry: { ...config.retry },
    trust: { peers: [...config.trust.peers], fields: [...config.trust.fields] },
    leniency: { ...config.leniency },
    ...(identity.kind === "none" ? {} : { identity: identityOptions(identity, secrets) }),
    log: { ...config.log },
  };
}

/** The parts that are not in `optionsOf`. */
export function ownOptionsOf(
  { admin, state }: OwnConfig,
  secrets: Secrets,
): { readonly admin: AdminOptions; readonly state: StateOptions } {
  return { admin: adminOptions(admin, secrets), state: stateOptions(state, secrets) };
}

function stateOptions(state: ResolvedState, secrets: Secrets): StateOptions {
  if (state.kind === "embedded") return { kind: state.kind, path: state.path };
  const { kind, path, prefix, user, password, tls, ...address } = state;
  return {
    kind,
    url: redisUrlOf(address),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password: secrets(password) }),
    prefix,
    ...(tls === undefined ? {} : { tls: tlsOptions(tls, secrets) }),
    path,
  };
}

function tlsOptions({ ca, cert, key, servername, ...rest }: RedisTls, secrets: Secrets): RedisTlsOptions {
  rest satisfies Record<string, never>;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key: secrets(key) }),
    ...(servername === undefined ? {} : { serverName: servername }),
  };
}

function byName<T extends { readonly name: string }, Options>(
  list: readonly T[],
  optionsFor: (each: T) => Options,
): Record<string, Options> {
  return Object.fromEntries(list.map((each) => [each.name, optionsFor(each)]));
}

function listenerOptions(listener: ResolvedListener): ListenerOptions {
  const { name: _, host, port, proxyProtocol, ...rest } = listener;
  rest satisfies Record<string, never>;
  return { host, port, proxyProtocol };
}

function poolOptions(pool: ResolvedPool): PoolOptions {
  const { name: _, servers, balance, hashOn, share, proxyProtocol, ...others } = pool;
  const { sharedLoad, announcedLoad, limit, health, ...rest } = others;
  rest satisfies Record<string, never>;
  return {
    servers: byName(servers, serverOptions),
    balance,
    ...(hashOn === undefined ? {} : { hashOn: hashOptions(hashOn) }),
    share,
    proxyProtocol,
    sharedLoad,
    ...(announcedLoad === undefined ? {} : { announcedLoad: announcedOptions(announcedLoad) }),
    ...(limit === undefined ? {} : { limit: { ...limit } }),
    health: healthOptions(health),
  };
}

function announcedOptions(load: AnnouncedLoad): NonNullable<PoolOptions["announcedLoad"]> {
  return load.from === "response" ? load.from : { poll: load.path, intervalMs: load.intervalMs };
}

export function serverOptions(server: ResolvedServer): ServerOptions {
  const { name: _, host: __, port: ___, authority, weight, state, limit, ...rest } = server;
  rest satisfies Record<string, never>;
  return {
    url: `http://${authority}`,
    weight,
    state,
    ...(limit === undefined ? {} : { limit: { ...limit } }),
  };
}

function hashOptions(key: HashKey): HashOnOptions {
  switch (key.on) {
    case "header":
      return { header: key.name };
    case "cookie":
      return { cookie: key.name };
    case "query":
      return { query: key.name };
    default:
      return key.on;
  }
}

function classOptions(each: ResolvedClass, poolName: (index: number) => string): ClassOptions {
  const { name: _, pool, spill, bodyBytes, ...rest } = each;
  rest satisfies Record<string, never>;
  return {
    pool: poolName(pool),
    ...(spill === -1 ? {} : { spill: poolName(spill) }),
    ...(bodyBytes === UNBOUNDED ? {} : { bodyBytes }),
  };
}

function conditionOptions(condition: Condition): ConditionOptions {
  switch (condition.kind) {
    case "all":
      // What holds of every request is written as nothing; an empty list would be refused.
      return condition.of.length === 0 ? {} : { all: condition.of.map(conditionOptions) };
    case "any":
      return { any: condition.of.map(conditionOptions) };
    case "not":
      return { not: conditionOptions(condition.of) };
    case "test": {
      const { on, matcher } = condition;
      const test = matcherOptions(on.fact === "host" ? withRootDots(matcher) : matcher);
      return { [on.fact]: "name" in on ? { [on.name]: test } : test };
    }
  }
}

/** Of a host one dot at the end is taken for that of the root, and away: who means a dot writes two. */
function withRootDots(matcher: Matcher): Matcher {
  const twice = (host: string): string => (host.length > 1 && host.endsWith(".") ? `${host}.` : host);
  switch (matcher.kind) {
    case "equal":
    case "suffix":
      return { ...matcher, value: twice(matcher.value) };
    case "in":
      return { ...matcher, values: matcher.values.map(twice) };
    default:
      return matcher;
  }
}

function matcherOptions(matcher: Matcher): MatcherOptions {
  switch (matcher.kind) {
    case "present":
      return true;
    case "absent":
      return false;
    case "equal":
      return matcher.value;
    case "in":
      return { in: [...matcher.values] };
    default:
      return { [matcher.kind]: matcher.value } as MatcherOptions;
  }
}

type Identified = Exclude<ResolvedIdentity, { readonly kind: "none" }>;

function identityOptions(identity: Identified, secrets: Secrets): IdentityOptions {
  switch (identity.kind) {
    case "basic":
      return { basic: true };
    case "header":
      return { header: identity.name };
    case "jwt":
      return { jwt: jwtOptions(identity.jwt, secrets) };
  }
}

function jwtOptions(jwt: ResolvedJwt, secrets: Secrets): NonNullable<IdentityOptions["jwt"]> {
  const { claim, from, algorithms, key, issuer, audience, clockToleranceSeconds, ...rest } = jwt;
  rest satisfies Record<string, never>;
  return {
    claim,
    from: from.kind === "bearer" ? "bearer" : { cookie: from.name },
    algorithms: [...algorithms],
    key: { [key.kind]: secrets(key.value) } as unknown as JwtKeyOptions,
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
    clockToleranceSeconds,
  };
}

/** The first token, if it has that name and role, is as well said by `admin.token`. */
function adminOptions({ host, port, tokens }: ResolvedConfig["admin"], secrets: Secrets): AdminOptions {
  const [first] = tokens;
  const unnamed = first?.name === "admin" && first.role === "admin" ? first : undefined;
  const named = tokens.filter((token) => token !== unnamed);
  const hash = (sha256: string): string => secrets(`sha256:${sha256}`);
  return {
    host,
    port,
    ...(unnamed === undefined ? {} : { token: hash(unnamed.sha256) }),
    ...(named.length === 0
      ? {}
      : { tokens: byName(named, ({ role, sha256 }) => ({ token: hash(sha256), role })) }),
  };
}
