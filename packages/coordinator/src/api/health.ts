import type { FastifyInstance } from "fastify";
import type { ApiContext } from "./context.ts";
import { ProblemError, problem } from "./problem.ts";
import { ROUTES } from "./routes.ts";
import { serve } from "./serve.ts";

/** `/livez`: the coordinator answers. `/readyz`: an acceptor takes connections. */
export function addHealth(app: FastifyInstance, { registry, current, redis }: ApiContext): void {
  serve(app, ROUTES.livez, ({ reply }) => reply.type("text/plain").send("ok\n"));
  serve(app, ROUTES.readyz, ({ query: { verbose }, reply }) => {
    const accepting = registry.heard.filter(({ status }) => status.state === "accepting").length;
    const checks = `${accepting} of ${current().config.acceptors} acceptors accept`;
    if (accepting === 0) {
      const isBlind = redis !== undefined && !redis().up;
      const found = isBlind ? "Redis is away, so that nobody knows which acceptors accept" : checks;
      throw new ProblemError(problem(503, `Not ready: ${found}`));
    }
    return reply.type("text/plain").send(verbose === undefined ? "ok\n" : `ok: ${checks}\n`);
  });
}
