import type { ShareUse } from "@shunt/core";
import type { Metric, Sample } from "../api/exposition.ts";
import type { Registry } from "../membership/registry.ts";
import type { ShareGranting } from "./granting.ts";

/** Limits of the whole cluster, as acceptors last reported them. */
export function shareMetrics({ heard }: Registry, { exceeded }: ShareGranting): Metric[] {
  const uses = heard.flatMap(({ shares }) => shares);
  return [
    {
      name: "share_outstanding",
      help: "Requests sent and not yet answered, where a limit holds for the whole cluster",
      type: "gauge",
      samples: samplesOf(uses, "outstanding"),
    },
    {
      name: "share_granted",
      help: "Requests that acceptors may have outstanding there by leases that have not ended",
      type: "gauge",
      samples: samplesOf(uses, "share"),
    },
    {
      name: "limit_exceeded_total",
      help: "Requests outstanding above a limit of the whole cluster, or left behind by acceptors that fell silent",
      type: "counter",
      samples: [{ value: exceeded }],
    },
  ];
}

function samplesOf(uses: readonly ShareUse[], measure: "outstanding" | "share"): Sample[] {
  const sums = new Map<string, number>();
  for (const use of uses) sums.set(use.limited, (sums.get(use.limited) ?? 0) + use[measure]);
  return Array.from(sums, ([limited, value]) => ({ labels: { limited }, value }));
}
