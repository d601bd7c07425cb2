import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { type Caller, NOBODY } from "./guard.ts";
import { checked } from "./problem.ts";
import type { Route } from "./routes.ts";

/** A request to one route, as its schemas have it. */
export interface Call<R extends Route> {
  readonly parameters: R["parameters"] extends z.ZodType ? z.output<R["parameters"]> : undefined;
  readonly query: z.output<R["query"]>;
  readonly body: R["body"] extends z.ZodType ? z.output<R["body"]> : undefined;
  readonly caller: Caller;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** What a caller needs; undefined where there is no route. */
    readonly role?: Route["role"];
  }
  interface FastifyRequest {
    caller: Caller | undefined;
  }
}

/** Adds the handler of a route, which gets what was sent in the form that the route says. */
export function serve<const R extends Route>(
  app: FastifyInstance,
  route: R,
  handle: (call: Call<R>) => Promise<unknown> | unknown,
): void {
  app.route({
    method: route.method,
    url: route.path.replaceAll(/\{(\w+)\}/g, ":$1"),
    config: { role: route.role },
    // The HEAD of an answer that never ends would never end either.
    exposeHeadRoute: route.method === "GET" && route.answers[200] !== "text/event-stream",
    ...(route.bodyBytes === undefined ? {} : { bodyLimit: route.bodyBytes }),
    handler: async (request, reply) => {
      const call = {
        parameters: route.parameters && checked(route.parameters, request.params, "path"),
        query: checked(route.query, request.query, "query"),
        body: route.body && checked(route.body, request.body, "content"),
        caller: request.caller ?? NOBODY,
        request,
        reply,
      };
      return await handle(call as Call<R>);
    },
  });
}
