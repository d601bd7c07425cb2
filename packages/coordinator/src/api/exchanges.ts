import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { ApiContext } from "./context.ts";
import { checked } from "./problem.ts";

const Query = z.strictObject({ limit: z.coerce.number().int().min(1).max(1_000).default(100) });

/** What acceptors remember of recent exchanges, with their decisions; the newest first. */
export function addExchanges(app: FastifyInstance, { recent }: ApiContext): void {
  app.get("/v1/exchanges", async (request) => {
    const { limit } = checked(Query, request.query, "query");
    return { exchanges: await recent.collect(limit) };
  });
}
