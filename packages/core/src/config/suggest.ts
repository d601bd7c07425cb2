import { oneOf, quote } from "./mistake.ts";

/** Beyond this many names a list is no help to a reader. */
const LISTED = 16;

/** ` (did you mean "gold"?)` where a name is near enough to the one that was found, else nothing. */
export function didYouMean(found: string, known: readonly string[]): string {
  const near = nearest(found, known);
  return near === undefined ? "" : ` (did you mean ${JSON.stringify(near)}?)`;
}

/** `one of "a", "b" or "c"`, cut where it gets long; undefined when there is no name at all. */
export function oneOfNames(known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  if (known.length <= LISTED) return known.length === 1 ? oneOf(known) : `one of ${oneOf(known)}`;
  return `one of ${known.slice(0, LISTED).map(quote).join(", ")} and ${known.length - LISTED} more`;
}

/** The candidate that is fewest typing errors away, if it is near enough to be a typing error at all. */
export function nearest(found: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(3, Math.ceil(found.length / 2));
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - found.length) >= bestDistance) continue;
    const distance = editDistance(found.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Optimal string alignment: insertions, deletions, replacements, and swaps of neighbours count one each. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = at(last, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      let cost = Math.min(replaced, at(last, column) + 1, at(current, column - 1) + 1);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      current.push(cost);
    }
    [beforeLast, last] = [last, current];
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
