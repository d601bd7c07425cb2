import type { FastifyInstance } from "fastify";
import type { ApiContext } from "./context.ts";
import { ROUTES } from "./routes.ts";
import { serve } from "./serve.ts";

/** The coordinator that answers, and who leads: of many, every one answers alike. */
export function addCoordinator(app: FastifyInstance, context: ApiContext): void {
  const { name, version, leadership, current, own } = context;
  serve(app, ROUTES.getCoordinator, () => {
    const { term, generation } = current();
    const leader = leadership.leads ? name : leadership.leader;
    return { name, version, leads: leadership.leads, leader, term, generation, state: own.state.kind };
  });
}
