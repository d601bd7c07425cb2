import { serverNames } from "@shunt/core";
import type { FastifyInstance } from "fastify";
import { totals } from "../load/aggregate.ts";
import { rateAt } from "../load/heard-load.ts";
import { isStale } from "../load/staleness.ts";
import type { ApiContext } from "./context.ts";
import { ROUTES } from "./routes.ts";
import { serve } from "./serve.ts";

/** What every server is loaded with: in all, and by acceptor. Acceptors that went silent are shown and not counted. */
export function addLoad(app: FastifyInstance, { current, registry }: ApiContext): void {
  serve(app, ROUTES.getLoad, () => {
    const now = Date.now();
    return {
      servers: totals(
        serverNames(current().config),
        registry.heard.map((member) => member.loads),
      ),
      acceptors: registry.members.map(({ id, lastHeardAt, loads }) => ({
        acceptor: id,
        ageMs: Math.max(0, now - lastHeardAt),
        stale: isStale(lastHeardAt, now),
        servers: Array.from(loads.values(), ({ measuredAt, ...load }) => ({
          ...load,
          rate: rateAt({ ...load, measuredAt }, now),
        })),
      })),
    };
  });
}
