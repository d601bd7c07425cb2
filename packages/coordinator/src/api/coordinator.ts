import type { FastifyInstance } from "fastify";
import type { CoordinatorEntry } from "../shared/shared-state.ts";
import type { ApiContext } from "./context.ts";
import { ProblemError, problem } from "./problem.ts";
import { ROUTES } from "./routes.ts";
import { serve } from "./serve.ts";

/** The coordinator that answers, and who leads: of many, every one answers alike. */
export function addCoordinator(app: FastifyInstance, context: ApiContext): void {
  const { name, version, leadership, current, own, redis } = context;
  serve(app, ROUTES.getCoordinator, () => {
    const { term, generation } = current();
    const leader = leadership.leads ? name : leadership.leader;
    const { leads } = leadership;
    return { name, version, leads, leader, term, generation, state: own.state.kind, redis: redis?.() };
  });
  serve(app, ROUTES.getCoordinators, async () => ({ coordinators: await listed(context) }));
}

async function listed({ coordinators }: ApiContext): Promise<readonly CoordinatorEntry[]> {
  try {
    return await coordinators();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProblemError(problem(503, `Redis does not say which coordinators there are: ${reason}`));
  }
}
