import type { Configuration } from "../schema.ts";

export interface Timeouts {
  readonly headMs: number;
  readonly bodyIdleMs: number;
  readonly connectMs: number;
  readonly responseMs: number;
  readonly clientIdleMs: number;
  readonly serverIdleMs: number;
  readonly tunnelIdleMs: number;
}

/** Those of a configuration, with the defaults of Shunt where it says nothing: a peer gets the same. */
export function timeoutsOf({ options }: Configuration): Timeouts {
  const written = options.timeouts as Partial<Timeouts> | undefined;
  return {
    headMs: 10_000,
    bodyIdleMs: 30_000,
    connectMs: 3_000,
    responseMs: 60_000,
    clientIdleMs: 60_000,
    serverIdleMs: 50_000,
    tunnelIdleMs: 600_000,
    ...written,
  };
}
