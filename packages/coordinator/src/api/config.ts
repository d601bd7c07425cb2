import type { FastifyInstance } from "fastify";
import { redacted } from "../store/redact.ts";
import type { ApiContext } from "./context.ts";
import { ROUTES } from "./routes.ts";
import { serve } from "./serve.ts";

/** The configuration with all defaults and without secrets. Its ETag is its generation. */
export function addConfig(app: FastifyInstance, { config, current }: ApiContext): void {
  serve(app, ROUTES.getConfig, ({ request, reply }) => {
    const { generation } = current();
    const etag = `"${generation}"`;
    reply.header("etag", etag);
    if (matches(request.headers["if-none-match"], etag)) return reply.code(304).send();
    return reply.send({ generation, config: redacted(config) });
  });
}

/** RFC 9110, section 13.1.2: weak comparison. */
function matches(field: string | undefined, etag: string): boolean {
  if (field === undefined) return false;
  const tags = field.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(etag) || tags.includes("*");
}
