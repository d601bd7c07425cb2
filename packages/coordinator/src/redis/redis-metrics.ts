import type { RedisWatch } from "@shunt/core";
import { histogramSamples, type Metric } from "../api/exposition.ts";

/** How Redis does, as this coordinator sees it. Acceptors count the same for themselves, as `acceptors_redis_…`. */
export function redisMetrics(watch: RedisWatch, refused: Readonly<Record<string, number>>): Metric[] {
  return [
    {
      name: "redis_up",
      help: "Whether Redis does what this coordinator asks",
      type: "gauge",
      samples: [{ value: watch.up ? 1 : 0 }],
    },
    byReason("redis_errors_total", "What went wrong with Redis for this coordinator", watch.errors),
    {
      name: "redis_command_seconds",
      help: "How long Redis took to answer this coordinator",
      type: "histogram",
      samples: histogramSamples(watch.durations),
    },
    byReason("bus_refused_total", "What was refused on the state bus", refused),
  ];
}

function byReason(name: string, help: string, counts: Readonly<Record<string, number>>): Metric {
  const samples = Object.entries(counts).map(([reason, value]) => ({ labels: { reason }, value }));
  return { name, help, type: "counter", samples };
}
