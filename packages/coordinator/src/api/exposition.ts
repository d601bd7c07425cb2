import type { AcceptorCounters } from "@shunt/core";

/** The text format of Prometheus, version 0.0.4, for values that were counted elsewhere. */

export interface Metric {
  /** Without `shunt_`. */
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly samples: readonly Sample[];
}

export interface Sample {
  /** Follows the metric's name: `_bucket`, `_sum`. */
  readonly suffix?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export function exposition(metrics: readonly Metric[]): string {
  return metrics
    .filter(({ name }) => NAME.test(name))
    .map(metricText)
    .join("");
}

const NAME = /^[a-z][a-z0-9_]*$/;

function metricText({ name, help, type, samples }: Metric): string {
  const full = `shunt_${name}`;
  const lines = samples.map(
    ({ suffix = "", labels = {}, value }) => `${full}${suffix}${labelText(labels)} ${value}`,
  );
  return [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, ...lines, ""].join("\n");
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

/** Buckets are cumulative in this format, and per bucket where they are counted. */
export function histogramSamples({ bounds, counts, sum }: AcceptorCounters["histograms"][string]): Sample[] {
  let total = 0;
  const buckets = counts.map((count, bucket) => {
    total += count;
    const bound = bounds[bucket];
    return { suffix: "_bucket", labels: { le: bound === undefined ? "+Inf" : String(bound) }, value: total };
  });
  return [...buckets, { suffix: "_sum", value: sum }, { suffix: "_count", value: total }];
}
