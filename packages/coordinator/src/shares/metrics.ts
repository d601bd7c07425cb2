import type { Metric } from "../api/exposition.ts";
import type { Registry } from "../membership/registry.ts";
import type { ShareGranting } from "./granting.ts";

/** Limits of the whole cluster, as acceptors last reported them. */
export function shareMetrics({ heard }: Registry, { exceeded }: ShareGranting): Metric[] {
  const outstanding = new Map<string, number>();
  for (const { shares } of heard)
    for (const use of shares)
      outstanding.set(use.limited, (outstanding.get(use.limited) ?? 0) + use.outstanding);
  return [
    {
      name: "share_outstanding",
      help: "Requests sent and not yet answered, where a limit holds for the whole cluster",
      type: "gauge",
      samples: Array.from(outstanding, ([limited, value]) => ({ labels: { limited }, value })),
    },
    {
      name: "limit_exceeded_total",
      help: "Requests outstanding above a limit of the whole cluster, or left behind by acceptors that fell silent",
      type: "counter",
      samples: [{ value: exceeded }],
    },
  ];
}
