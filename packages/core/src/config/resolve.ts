import {
  DEFAULT_CLASSIFIER_THREADS,
  DEFAULT_RETRY,
  withDefaultLimits,
  withDefaultTimeouts,
} from "./defaults.ts";
import type { Mistake, Warning } from "./mistake.ts";
import { found, readPart } from "./read-part.ts";
import { type Reading, type ResolveContext, readReference } from "./reading.ts";
import { brokenRelations } from "./relations.ts";
import { resolveIdentity } from "./resolve-identity.ts";
import { resolveListening } from "./resolve-listeners.ts";
import { resolveClasses, resolvePools } from "./resolve-pools.ts";
import { resolveRules } from "./resolve-rules.ts";
import { resolveState } from "./resolve-state.ts";
import { resolveLeniency, resolveTrust } from "./resolve-trust.ts";
import type { Limits, ResolvedConfig, ResolvedLog, Retry, Timeouts } from "./resolved.ts";
import { isObject, limitsSchema, logSchema, retrySchema, rootSchema, timeoutsSchema } from "./schema.ts";

export type Resolution =
  | { readonly ok: true; readonly config: ResolvedConfig; readonly warnings: readonly Warning[] }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

/**
 * Raw options -> everything that the processes work by, or all that is wrong with them at once. A broken part does
 * not keep the others from being checked, as far as they can be. Pure: what is outside comes through `context`.
 */
export function resolveConfig(raw: unknown, context: ResolveContext): Resolution {
  const reading: Reading = { context, mistakes: [], warnings: [] };
  if (!isObject(raw)) {
    return { ok: false, mistakes: [{ path: [], problem: found(raw, []), expected: "an object of options" }] };
  }
  const config = resolveParts(raw, reading);
  if (reading.mistakes.length > 0) return { ok: false, mistakes: reading.mistakes };
  return { ok: true, config: deepFreeze(config), warnings: reading.warnings };
}

function resolveParts(raw: Record<string, unknown>, reading: Reading): ResolvedConfig {
  const root = readPart(rootSchema, raw, [], reading.mistakes);
  const identified = raw.identity !== undefined;
  const trust = resolveTrust(raw.trust ?? {}, reading);
  const pools = resolvePools(raw.pools, identified, reading);
  const classes = resolveClasses(raw.classes, pools, reading);
  const classNames = classes.map((each) => each.name);
  return {
    ...resolveListening(raw.listeners, raw.admin, trust.peers.length, reading),
    pools,
    classes,
    rules: resolveRules(raw.rules, classNames, identified, reading),
    defaultClass: resolveDefaultClass(raw.defaultClass, classNames, reading),
    timeouts: resolveTimeouts(raw.timeouts ?? {}, reading),
    limits: resolveLimits(raw.limits ?? {}, reading),
    retry: resolveRetry(raw.retry ?? {}, reading),
    trust,
    leniency: resolveLeniency(raw.leniency ?? {}, reading),
    identity: resolveIdentity(raw.identity, trust.peers.length, reading),
    log: resolveLog(raw.log ?? {}, reading),
    classifierThreads: root?.classifierThreads ?? DEFAULT_CLASSIFIER_THREADS,
    acceptors: root?.acceptors ?? reading.context.cores,
    state: resolveState(raw.state ?? {}, reading),
  };
}

function resolveDefaultClass(raw: unknown, classNames: readonly string[], reading: Reading): number {
  if (typeof raw !== "string" || raw === "") return -1;
  return readReference(raw, "class", classNames, ["defaultClass"], reading);
}

function resolveTimeouts(raw: unknown, { mistakes, warnings }: Reading): Timeouts {
  const said = given(readPart(timeoutsSchema, raw, ["timeouts"], mistakes) ?? {});
  const timeouts = withDefaultTimeouts(said);
  if (timeouts.serverIdleMs > timeouts.clientIdleMs) {
    const problem = `${timeouts.serverIdleMs} is more than clientIdleMs (${timeouts.clientIdleMs}): server connections outlive the clients that they serve`;
    warnings.push({ path: ["timeouts", "serverIdleMs"], problem });
  }
  return timeouts;
}

/** Relations are judged when each value is right by itself: a wrong one says so, and its default would say nothing. */
function resolveLimits(raw: unknown, { mistakes }: Reading): Limits {
  const options = readPart(limitsSchema, raw, ["limits"], mistakes);
  const limits = withDefaultLimits(given(options ?? {}));
  if (options !== undefined) mistakes.push(...brokenRelations(limits));
  return limits;
}

function resolveRetry(raw: unknown, { mistakes }: Reading): Retry {
  return { ...DEFAULT_RETRY, ...given(readPart(retrySchema, raw, ["retry"], mistakes) ?? {}) };
}

/** Without the keys whose value is undefined: those were not said. */
function given<Key extends string>(
  options: { readonly [K in Key]?: number | undefined },
): { [K in Key]?: number } {
  const said = Object.entries<number | undefined>(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as { [K in Key]?: number };
}

function resolveLog(raw: unknown, { context, mistakes }: Reading): ResolvedLog {
  const options = readPart(logSchema, raw, ["log"], mistakes);
  const access = options?.access ?? "stdout";
  const path = access === "stdout" || access === "off" ? access : context.absolutePath(access);
  return { level: options?.level ?? "info", access: path };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
