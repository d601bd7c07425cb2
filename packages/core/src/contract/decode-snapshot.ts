import {
  ACTIVE_HEALTH_RANGES,
  DEFAULT_ACTIVE_HEALTH,
  DEFAULT_HEALTH,
  DEFAULT_LIMITS,
  DEFAULT_PASSIVE_HEALTH,
  DEFAULT_RETRY,
  DEFAULT_TIMEOUTS,
  LIMIT_RANGES,
  NO_LENIENCY,
  PASSIVE_HEALTH_RANGES,
  type Range,
  RETRY_RANGES,
  TIMEOUT_RANGES,
  UNBOUNDED,
} from "../config/defaults.ts";
import { type ResolvedListener, SERVER_STATES } from "../config/resolved.ts";
import type { Snapshot } from "../membership/snapshot.ts";
import {
  asRecord,
  asText,
  DecodeError,
  type Fields,
  list,
  measure,
  oneOf,
  record,
  shown,
  text,
  whole,
} from "./fields.ts";

/**
 * What acceptors work by, out of Redis, a database or a file: whoever made it has checked it, and whoever put it there may
 * be somebody else. An acceptor that found only at a request what is wrong would fail each of them, so that is refused here
 * as a whole. What an earlier version does not have is as by default.
 */

/** Conditions inside each other: above what a configuration may have. */
const DEEPEST = 256;

const BALANCES = ["least-load", "p2c", "peak-ewma", "round-robin", "hash"] as const;
const FACTS = ["method", "host", "path", "client", "user"] as const;
const NAMED_FACTS = ["query", "header", "cookie", "body"] as const;

/** @throws DecodeError */
export function decodeSnapshot(value: unknown): Snapshot {
  const fields = asRecord(value, "snapshot");
  const config = record(fields, "config");
  const pools = list(config, "pools", decodedPool);
  const classes = list(config, "classes", (each) => decodedClass(asRecord(each, "class"), pools.length));
  list(config, "listeners", resolvedListener);
  list(config, "rules", (each) => checkRule(asRecord(each, "rule"), classes.length));
  checkIndex(config, "defaultClass", classes.length);
  for (const count of ["acceptors", "classifierThreads"]) checkWithin(config, count, [1, UNBOUNDED]);
  const trust = record(config, "trust");
  list(trust, "peers", asText);
  oneOf(record(config, "identity"), "kind", ["none", "basic", "header", "jwt"]);
  const log = record(config, "log");
  oneOf(log, "level", ["debug", "info", "warn", "error", "silent"]);
  text(log, "access");
  const checked = {
    pools,
    classes,
    trust: { ...trust, fields: trust.fields === undefined ? [] : list(trust, "fields", asText) },
    timeouts: numbersOf(config, "timeouts", DEFAULT_TIMEOUTS, TIMEOUT_RANGES),
    limits: numbersOf(config, "limits", DEFAULT_LIMITS, LIMIT_RANGES),
    retry: numbersOf(config, "retry", DEFAULT_RETRY, RETRY_RANGES),
    leniency: { ...NO_LENIENCY, ...record(config, "leniency") },
  };
  return {
    term: whole(fields, "term"),
    generation: whole(fields, "generation"),
    config: { ...config, ...checked } as unknown as Snapshot["config"],
  };
}

export function resolvedListener(value: unknown, what: string): ResolvedListener {
  const fields = asRecord(value, what);
  return {
    name: text(fields, "name"),
    host: text(fields, "host"),
    port: whole(fields, "port"),
    proxyProtocol: fields.proxyProtocol === true,
  };
}

function decodedPool(value: unknown): Fields {
  const pool = asRecord(value, "pool");
  text(pool, "name");
  oneOf(pool, "balance", BALANCES);
  checkLimit(pool);
  for (const server of list(pool, "servers", asRecord)) checkServer(server);
  return {
    ...pool,
    health: pool.health === undefined ? DEFAULT_HEALTH : decodedHealth(record(pool, "health")),
  };
}

function checkServer(server: Fields): void {
  text(server, "name");
  text(server, "host");
  text(server, "authority");
  checkWithin(server, "port", [0, 65_535]);
  oneOf(server, "state", SERVER_STATES);
  checkLimit(server);
  if (measure(server, "weight") <= 0)
    throw new DecodeError(`weight: expected a number above 0, found ${shown(server.weight)}`);
}

function checkLimit(fields: Fields): void {
  if (fields.limit === undefined) return;
  const limit = record(fields, "limit");
  checkWithin(limit, "outstanding", [1, UNBOUNDED]);
  oneOf(limit, "scope", ["acceptor", "cluster"]);
}

function decodedHealth(health: Fields): Fields {
  const passive = numbersOf(health, "passive", DEFAULT_PASSIVE_HEALTH, PASSIVE_HEALTH_RANGES);
  for (const number of ["slowStartMs", "panicPercent"]) measure(health, number);
  if (health.active === undefined) return { ...health, passive };
  const numbers = numbersOf(health, "active", DEFAULT_ACTIVE_HEALTH, ACTIVE_HEALTH_RANGES);
  return { ...health, passive, active: { ...record(health, "active"), ...numbers } };
}

function decodedClass(fields: Fields, pools: number): Fields {
  const spill = measure(fields, "spill");
  if (whole(fields, "pool") >= pools || !Number.isInteger(spill) || spill < -1 || spill >= pools)
    throw new DecodeError(`classes: expected indices of ${pools} pools, found ${shown(fields)}`);
  text(fields, "name");
  return { ...fields, bodyBytes: fields.bodyBytes === undefined ? UNBOUNDED : whole(fields, "bodyBytes") };
}

function checkRule(rule: Fields, classes: number): void {
  text(rule, "name");
  checkIndex(rule, "class", classes);
  checkCondition(record(rule, "when"), 0);
}

function checkCondition(condition: Fields, depth: number): void {
  if (depth > DEEPEST)
    throw new DecodeError(`when: expected at most ${DEEPEST} conditions inside each other`);
  switch (oneOf(condition, "kind", ["all", "any", "not", "test"])) {
    case "all":
    case "any":
      for (const each of list(condition, "of", asRecord)) checkCondition(each, depth + 1);
      break;
    case "not":
      checkCondition(record(condition, "of"), depth + 1);
      break;
    case "test":
      checkTest(record(condition, "on"), record(condition, "matcher"));
  }
}

function checkTest(on: Fields, matcher: Fields): void {
  const fact = oneOf(on, "fact", [...FACTS, ...NAMED_FACTS]);
  if (NAMED_FACTS.some((named) => named === fact)) text(on, "name");
  switch (
    oneOf(matcher, "kind", ["present", "absent", "equal", "prefix", "suffix", "contains", "regex", "in"])
  ) {
    case "present":
    case "absent":
      break;
    case "in":
      list(matcher, "values", asText);
      break;
    default:
      text(matcher, "value");
  }
}

/** All that is known by default, and nothing else. A default may be out of range: then it stands for off. */
function numbersOf<Numbers extends Readonly<Record<keyof Numbers, number>>>(
  fields: Fields,
  name: string,
  defaults: Numbers,
  ranges: Readonly<Record<keyof Numbers, Range>>,
): Numbers {
  const part = record(fields, name);
  const said = Object.entries<Range>(ranges)
    .filter(([key]) => part[key] !== undefined && part[key] !== Reflect.get(defaults, key))
    .map(([key, range]) => [key, checkWithin(part, key, range)]);
  return { ...defaults, ...Object.fromEntries(said) };
}

/** A whole number, unless the range begins with a fraction. */
function checkWithin(fields: Fields, name: string, [lowest, highest]: Range): number {
  const number = Number.isInteger(lowest) ? whole(fields, name) : measure(fields, name);
  if (number >= lowest && number <= highest) return number;
  throw new DecodeError(`${name}: expected ${lowest}..${highest}, found ${number}`);
}

function checkIndex(fields: Fields, name: string, count: number): void {
  if (whole(fields, name) < count) return;
  throw new DecodeError(`${name}: expected one of ${count} classes, found ${shown(fields[name])}`);
}
