/**
 * How long a share holds, from the report that it answers. Grants are published at least twice a second, so three in a
 * row may be lost; and whoever has waited for so long for a share that nobody gives back has waited long enough.
 */
export const SHARE_LEASE_MS = 2_000;

/**
 * How long the leader takes a lease to last, from when it heard the report. Clocks of different hosts run differently: NTP
 * slews by 0.05 per cent, a bad crystal is off by 0.02, and this leaves room for a hundred times as much.
 */
export const LEASE_SURELY_ENDED_MS = SHARE_LEASE_MS * 1.05;

/** Grants are published when they change, and after this time anyhow: they renew leases. */
export const GRANTS_RENEWED_MS = 500;

/** Grants of one term. At ten a second they last for thirteen years. */
const GRANTS_PER_TERM = 2 ** 32;
/** Numbers of grants stay safe integers. */
export const LAST_TERM = Number.MAX_SAFE_INTEGER / GRANTS_PER_TERM - 2;

/** Number of the grant before the first one of a term. Grants of a later term are above all of an earlier one. */
export function grantsBefore(term: number): number {
  return term * GRANTS_PER_TERM;
}

export function termOfGrant(seq: number): number {
  return Math.floor(seq / GRANTS_PER_TERM);
}
