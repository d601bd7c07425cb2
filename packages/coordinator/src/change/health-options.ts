import {
  type ActiveHealth,
  DEFAULT_HEALTH,
  type HttpCheck,
  type PassiveHealth,
  type ResolvedHealth,
} from "@shunt/core";
import type { PoolOptions } from "@shunt/core/config";

type HealthOptions = NonNullable<PoolOptions["health"]>;

/** The health of a pool in the form of a configuration file: what is off by default is not written. */
export function healthOptions(health: ResolvedHealth): HealthOptions {
  const { active, passive, slowStartMs, panicPercent, ...rest } = health;
  rest satisfies Record<string, never>;
  return {
    ...(active === undefined ? {} : { active: activeOptions(active) }),
    passive: passiveOptions(passive),
    slowStartMs,
    ...(panicPercent === DEFAULT_HEALTH.panicPercent ? {} : { panicPercent }),
  };
}

function activeOptions({ check, port, ...numbers }: ActiveHealth): NonNullable<HealthOptions["active"]> {
  return {
    ...(check.kind === "tcp" ? { tcp: true } : { http: httpOptions(check) }),
    ...(port === 0 ? {} : { port }),
    ...numbers,
  };
}

function httpOptions({ kind: _, method, path, host, status, body }: HttpCheck) {
  return {
    method,
    path,
    ...(host === undefined ? {} : { host }),
    status: status.map(([lowest, highest]) => `${lowest}-${highest}`),
    ...(body === undefined ? {} : { body }),
  };
}

function passiveOptions(passive: PassiveHealth): NonNullable<HealthOptions["passive"]> {
  const { errorPercent, timeoutPercent, latencyFactor, ...always } = passive;
  return {
    ...always,
    ...(errorPercent === 0 ? {} : { errorPercent }),
    ...(timeoutPercent === 0 ? {} : { timeoutPercent }),
    ...(latencyFactor === 0 ? {} : { latencyFactor }),
  };
}
