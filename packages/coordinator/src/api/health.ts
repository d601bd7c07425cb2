import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { ApiContext } from "./context.ts";
import { checked, ProblemError, problem } from "./problem.ts";

const Query = z.strictObject({ verbose: z.string().optional() });

/** `/livez`: the coordinator answers. `/readyz`: an acceptor takes connections. */
export function addHealth(app: FastifyInstance, { registry, current }: ApiContext): void {
  app.get("/livez", async (_, reply) => reply.type("text/plain").send("ok\n"));
  app.get("/readyz", async (request, reply) => {
    const { verbose } = checked(Query, request.query, "query");
    const accepting = registry.heard.filter(({ status }) => status.state === "accepting").length;
    const checks = `${accepting} of ${current().config.acceptors} acceptors accept`;
    if (accepting === 0) throw new ProblemError(problem(503, `Not ready: ${checks}`));
    return reply.type("text/plain").send(verbose === undefined ? "ok\n" : `ok: ${checks}\n`);
  });
}
