import type { FastifyInstance } from "fastify";
import type { ApiContext } from "./context.ts";
import { ROUTES } from "./routes.ts";
import { serve } from "./serve.ts";

/** What acceptors remember of recent exchanges, with their decisions; the newest first. */
export function addExchanges(app: FastifyInstance, { recent }: ApiContext): void {
  serve(app, ROUTES.getExchanges, async ({ query }) => ({ exchanges: await recent.collect(query.limit) }));
}
