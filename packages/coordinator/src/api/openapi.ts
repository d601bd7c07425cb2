import type { FastifyInstance } from "fastify";
import { openApiDocument } from "../openapi/document.ts";
import type { ApiContext } from "./context.ts";
import { ROUTES } from "./routes.ts";
import { serve } from "./serve.ts";

/** This API, for those who generate clients and pages from its description. */
export function addOpenApi(app: FastifyInstance, { version }: ApiContext): void {
  const document = openApiDocument(version);
  serve(app, ROUTES.getOpenApi, () => document);
}
