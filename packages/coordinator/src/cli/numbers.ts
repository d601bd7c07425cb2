/** `1 pool`, `2 pools`. */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** For a column: three digits that count. Nothing measured is a dash. */
export function milliseconds(ms: number): string {
  if (ms <= 0) return "-";
  return `${ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2)} ms`;
}

/** For a column, per second. */
export function perSecond(rate: number): string {
  if (rate <= 0) return "0";
  return rate >= 100 ? rate.toFixed(0) : rate.toFixed(1);
}
