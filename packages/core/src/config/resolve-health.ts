import { DEFAULT_ACTIVE_HEALTH, DEFAULT_HEALTH, DEFAULT_PASSIVE_HEALTH } from "./defaults.ts";
import {
  activeHealthSchema,
  healthSchema,
  httpCheckSchema,
  passiveHealthSchema,
  statusRange,
} from "./health-schema.ts";
import type { Path } from "./mistake.ts";
import type { ActiveHealthOptions, HttpCheckOptions } from "./options.ts";
import { readPart } from "./read-part.ts";
import type { Reading } from "./reading.ts";
import type { ActiveHealth, HttpCheck, PassiveHealth, ResolvedHealth, TcpCheck } from "./resolved.ts";
import { isObject } from "./schema.ts";

/** What is said about the health of a pool's servers, and the rest as it is by default. */
export function resolveHealth(raw: unknown, path: Path, reading: Reading): ResolvedHealth {
  const options = readPart(healthSchema, raw, path, reading.mistakes);
  const { active, passive }: Record<string, unknown> = isObject(raw) ? raw : {};
  return {
    active: active === undefined ? undefined : resolveActive(active, [...path, "active"], reading),
    passive: passive === undefined ? DEFAULT_PASSIVE_HEALTH : resolvePassive(passive, path, reading),
    slowStartMs: options?.slowStartMs ?? DEFAULT_HEALTH.slowStartMs,
    panicPercent: options?.panicPercent ?? DEFAULT_HEALTH.panicPercent,
  };
}

function resolveActive(raw: unknown, path: Path, reading: Reading): ActiveHealth | undefined {
  const options = readPart(activeHealthSchema, raw, path, reading.mistakes);
  if (options === undefined) return undefined;
  const check = resolveCheck(options, path, reading);
  if (check === undefined) return undefined;
  const intervalMs = options.intervalMs ?? DEFAULT_ACTIVE_HEALTH.intervalMs;
  return {
    check,
    port: options.port ?? 0,
    intervalMs,
    jitterPercent: options.jitterPercent ?? DEFAULT_ACTIVE_HEALTH.jitterPercent,
    timeoutMs: options.timeoutMs ?? Math.min(DEFAULT_ACTIVE_HEALTH.timeoutMs, intervalMs),
    rise: options.rise ?? DEFAULT_ACTIVE_HEALTH.rise,
    fall: options.fall ?? DEFAULT_ACTIVE_HEALTH.fall,
  };
}

type CheckChoice = Pick<ActiveHealthOptions, "tcp"> & { readonly http?: unknown };

function resolveCheck(
  { http, tcp }: CheckChoice,
  path: Path,
  reading: Reading,
): HttpCheck | TcpCheck | undefined {
  if ((http === undefined) === (tcp === undefined)) {
    const problem = http === undefined ? "says not how to check" : "says two ways to check";
    const expected = 'one of http, as in { http: { path: "/healthz" } }, and tcp: true';
    reading.mistakes.push({ path, problem, expected });
    return undefined;
  }
  return tcp === true ? { kind: "tcp" } : resolveHttp(http, [...path, "http"], reading);
}

function resolveHttp(raw: unknown, path: Path, { mistakes }: Reading): HttpCheck | undefined {
  const options = readPart(httpCheckSchema, raw, path, mistakes);
  if (options === undefined) return undefined;
  const { method = "GET", host, body } = options;
  if (method === "HEAD" && body !== undefined) {
    const problem = 'cannot stand in an answer to "HEAD", which has no content';
    mistakes.push({ path: [...path, "body"], problem, expected: 'method: "GET", or no body', at: "key" });
  }
  return { kind: "http", method, path: options.path, host, status: statusRanges(options.status), body };
}

function statusRanges(status: HttpCheckOptions["status"] = "200-399"): HttpCheck["status"] {
  const listed = typeof status === "object" ? status : [status];
  return listed.map(statusRange).filter((range) => range !== undefined);
}

function resolvePassive(raw: unknown, path: Path, { mistakes }: Reading): PassiveHealth {
  const place = [...path, "passive"];
  const options = readPart(passiveHealthSchema, raw, place, mistakes) ?? {};
  const said = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const passive: PassiveHealth = { ...DEFAULT_PASSIVE_HEALTH, ...said };
  if (options.maxMs === undefined) return { ...passive, maxMs: Math.max(passive.maxMs, passive.baseMs) };
  if (passive.maxMs < passive.baseMs) {
    const problem = `found ${passive.maxMs}`;
    const expected = `at least baseMs, which is ${passive.baseMs}`;
    mistakes.push({ path: [...place, "maxMs"], problem, expected });
  }
  return passive;
}
