/**
 * The value of the key `lease` while `holder` leads under `term`. Every write of a leader is a script that compares it,
 * so a leader that was stopped or cut off finds its writes refused by Redis, and not by its own opinion.
 */
export function leaseValue(term: number, holder: string): string {
  return `${term} ${holder}`;
}
