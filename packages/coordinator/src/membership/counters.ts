import type { AcceptorCounters } from "@shunt/core";

export const NO_COUNTERS: AcceptorCounters = { counters: {}, gauges: {}, labelled: {}, histograms: {} };

/** Values of one label that are kept apart; what comes after them counts as `other`. */
const MAX_LABEL_VALUES = 256;

/** The sum of what several acceptors counted. Gauges are summed as well: they are amounts of something. */
export function sumCounters(parts: readonly AcceptorCounters[]): AcceptorCounters {
  const counters: Record<string, number> = {};
  const gauges: Record<string, number> = {};
  const labelled: Record<string, Record<string, number>> = {};
  const histograms: Record<string, AcceptorCounters["histograms"][string]> = {};
  for (const part of parts) {
    addAll(counters, part.counters);
    addAll(gauges, part.gauges);
    for (const [name, values] of Object.entries(part.labelled)) {
      const sums = labelled[name] ?? {};
      labelled[name] = sums;
      addLabelled(sums, values);
    }
    for (const [name, histogram] of Object.entries(part.histograms)) {
      histograms[name] = sumHistograms(histograms[name], histogram);
    }
  }
  return { counters, gauges, labelled, histograms };
}

/** What stays of an acceptor that is gone: its gauges went with it. */
export function retired(counters: AcceptorCounters): AcceptorCounters {
  return { ...counters, gauges: {} };
}

function addAll(sums: Record<string, number>, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) sums[name] = (sums[name] ?? 0) + value;
}

function addLabelled(sums: Record<string, number>, values: Readonly<Record<string, number>>): void {
  for (const [label, value] of Object.entries(values)) {
    const known = label in sums || Object.keys(sums).length < MAX_LABEL_VALUES;
    const kept = known ? label : "other";
    sums[kept] = (sums[kept] ?? 0) + value;
  }
}

type Histogram = AcceptorCounters["histograms"][string];

/** Buckets of another version of Shunt cannot be added to ours; the newer acceptor's stand then. */
function sumHistograms(sum: Histogram | undefined, next: Histogram): Histogram {
  if (sum === undefined || sum.bounds.join() !== next.bounds.join()) return next;
  return {
    bounds: sum.bounds,
    counts: sum.counts.map((count, bucket) => count + (next.counts[bucket] ?? 0)),
    sum: sum.sum + next.sum,
  };
}
