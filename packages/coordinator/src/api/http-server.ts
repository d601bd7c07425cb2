import { FIXED } from "@shunt/core";
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import { addAcceptors } from "./acceptors.ts";
import { addAudit } from "./audit.ts";
import { addConfig } from "./config.ts";
import type { ApiContext } from "./context.ts";
import { addCoordinator } from "./coordinator.ts";
import { addEvents } from "./events.ts";
import { addExchanges } from "./exchanges.ts";
import { addExplain } from "./explain.ts";
import { callerOf, checkHost, checkRole } from "./guard.ts";
import { addHealth } from "./health.ts";
import { addLoad } from "./load.ts";
import { addMetrics } from "./metrics.ts";
import { addOpenApi } from "./openapi.ts";
import { addPools } from "./pools.ts";
import { ProblemError, problem, sendProblem } from "./problem.ts";
import { addServers } from "./servers.ts";

const REQUEST_MS = 10_000;
const NOT_HTTP_BODY = JSON.stringify({ type: "about:blank", ...problem(400, "This is no HTTP request") });
/** Written by hand: to what is not a request there is no reply object. */
const NOT_HTTP = `HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: ${NOT_HTTP_BODY.length}\r\nConnection: close\r\n\r\n${NOT_HTTP_BODY}`;
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;

export interface AdminApi {
  /** Where it listens; differs from the configuration when that says 0. */
  readonly port: number;
  close(): Promise<void>;
}

/** @throws an Error in a sentence when the address cannot be listened on. */
export async function startAdminApi({ port, ...context }: ApiContext & { port: number }): Promise<AdminApi> {
  const { host } = context.own.admin;
  const app = buildAdminApi(context);
  try {
    const url = await app.listen({ host, port });
    return { port: Number(new URL(url).port || 80), close: () => app.close() };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new Error(`Cannot listen on ${host}:${port} (the admin API): ${code}`);
  }
}

export function buildAdminApi(context: ApiContext): FastifyInstance {
  const app = Fastify({
    bodyLimit: FIXED.adminBodyBytes,
    requestTimeout: REQUEST_MS,
    // Scrapers keep their connections; closing must not wait for them.
    forceCloseConnections: true,
    frameworkErrors: (error, _, reply) => sendProblem(reply, problem(error.statusCode ?? 400, error.message)),
    clientErrorHandler: (_, socket) => socket.end(NOT_HTTP),
  });
  // JSON alone: a form of a foreign page could send plain text here without the browser asking first.
  app.removeContentTypeParser("text/plain");
  app.decorateRequest("caller", undefined);
  app.addHook("onRequest", async (request, reply) => {
    reply.header("cache-control", "no-store");
    checkHost(request, context.own.admin);
    // By the route and not by the text of the target, which may write the same path in other ways.
    const { role } = request.routeOptions.config;
    if (role === "open") return;
    const caller = callerOf(request, context.own.admin);
    if (role !== undefined) checkRole(caller, role);
    request.caller = caller;
  });
  app.setErrorHandler<FastifyError>((error, _, reply) => answerError(error, reply, context));
  app.setNotFoundHandler((request, reply) => answerUnknown(app, request, reply));
  addHealth(app, context);
  addMetrics(app, context);
  addConfig(app, context);
  addPools(app, context);
  addServers(app, context);
  addLoad(app, context);
  addCoordinator(app, context);
  addAcceptors(app, context);
  addExchanges(app, context);
  addExplain(app, context);
  addAudit(app, context);
  addEvents(app, context);
  addOpenApi(app, context);
  return app;
}

function answerError(error: FastifyError, reply: FastifyReply, { log }: ApiContext): FastifyReply {
  if (error instanceof ProblemError) {
    if (error.problem.status === 401) reply.header("www-authenticate", 'Bearer realm="shunt"');
    return sendProblem(reply.headers(error.headers), error.problem);
  }
  const status = error.statusCode ?? 500;
  if (status === 415)
    return sendProblem(reply, problem(status, "Expected content of the type application/json"));
  if (status < 500) return sendProblem(reply, problem(status, error.message));
  log.error({ err: error }, "admin API failed to answer");
  return sendProblem(reply, problem(500, "Shunt failed to answer; its log says why"));
}

/** A path that exists under other methods is told apart from one that does not exist. */
function answerUnknown(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const [url = ""] = request.url.split("?");
  const allowed = METHODS.filter((method) => app.findRoute({ method, url }) !== null);
  if (allowed.length === 0) return sendProblem(reply, problem(404, `There is nothing at ${url}`));
  reply.header("allow", allowed.join(", "));
  return sendProblem(reply, problem(405, `${url} takes ${allowed.join(", ")}, not ${request.method}`));
}
