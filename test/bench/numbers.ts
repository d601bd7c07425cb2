import { type Summary, summarize } from "./statistics.ts";

/** Digits behind the point, for all numbers of one place in a table. */
export type Digits = (summary: Summary) => number;

export const whole: Digits = () => 0;
export const hundredths: Digits = () => 2;
/** About three significant digits. */
export const significant: Digits = ({ median }) => (median < 1 ? 3 : median < 10 ? 2 : 1);

/** "median (least-most)"; "-" when there is nothing. */
export function spread(values: readonly (number | undefined)[], digits: Digits): string {
  const summary = summarize(values.filter((value) => value !== undefined));
  if (summary === undefined) return "-";
  const [least, most] = [summary.least, summary.most].map((value) => value.toFixed(digits(summary)));
  return values.length === 1 ? middle(values, digits) : `${middle(values, digits)} (${least}-${most})`;
}

/** The median alone. */
export function middle(values: readonly (number | undefined)[], digits: Digits): string {
  const summary = summarize(values.filter((value) => value !== undefined));
  return summary?.median.toFixed(digits(summary)) ?? "-";
}
