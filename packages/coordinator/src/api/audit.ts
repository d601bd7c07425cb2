import type { FastifyInstance } from "fastify";
import type { ApiContext } from "./context.ts";
import { ROUTES } from "./routes.ts";
import { serve } from "./serve.ts";

/** Who asked for what, and what became of it. */
export function addAudit(app: FastifyInstance, { configuration }: ApiContext): void {
  serve(app, ROUTES.getAudit, async ({ query }) => ({ audit: await configuration.audit(query.limit) }));
}
