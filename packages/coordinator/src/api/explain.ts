import { randomInt } from "node:crypto";
import { serverNames } from "@shunt/core";
import type { FastifyInstance } from "fastify";
import { Explainer } from "../explain/explain.ts";
import { totals } from "../load/aggregate.ts";
import type { ApiContext } from "./context.ts";
import { ProblemError, problem } from "./problem.ts";
import { ROUTES } from "./routes.ts";
import { serve } from "./serve.ts";

/** Why a request would go where, with the loads of this moment. */
export function addExplain(app: FastifyInstance, { current, registry, health }: ApiContext): void {
  let explainer = new Explainer(current());
  serve(app, ROUTES.explain, (call) => {
    const { seed = randomInt(2 ** 32), user, headers, body, ...asked } = call.body;
    if (!explainer.isOf(current())) explainer = new Explainer(current());
    const heard = registry.heard;
    const tables = heard.map((member) => member.loads);
    const loads = {
      acceptors: Math.max(1, heard.length),
      servers: new Map(totals(serverNames(current().config), tables).map((load) => [load.server, load])),
      unhealthy: new Set(health.servers.filter(({ healthy }) => !healthy).map(({ server }) => server)),
    };
    try {
      const content = body === undefined ? undefined : Buffer.from(body);
      return explainer.explain({ ...asked, user, headers: fieldsOf(headers), body: content }, loads, seed);
    } catch (error) {
      if (error instanceof RangeError) throw new ProblemError(problem(422, error.message));
      throw error;
    }
  });
}

function fieldsOf(headers: Readonly<Record<string, string | readonly string[]>>): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value]] : value.map((one): [string, string] => [name, one]),
  );
}
