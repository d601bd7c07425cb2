/** The three numbers that stand for a handful of rounds. */
export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Returns undefined for no values at all. An even count gives the mean of the middle two. */
export function summarize(values: readonly number[]): Summary | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const least = sorted[0];
  const most = sorted.at(-1);
  if (least === undefined || most === undefined) return undefined;
  const upper = sorted[sorted.length >> 1] ?? most;
  const lower = sorted[(sorted.length - 1) >> 1] ?? least;
  return { median: (lower + upper) / 2, least, most };
}

/**
 * Quotients of values that were measured in the same round, so that a noisy minute strikes both sides.
 * A round in which either side has no value, or the divisor is 0, gives none.
 */
export function pairedRatios(
  dividends: readonly (number | undefined)[],
  divisors: readonly (number | undefined)[],
): number[] {
  const ratios: number[] = [];
  for (const [round, dividend] of dividends.entries()) {
    const divisor = divisors[round];
    if (dividend !== undefined && divisor) ratios.push(dividend / divisor);
  }
  return ratios;
}
