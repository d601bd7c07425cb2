import { z } from "zod";
import type { Route } from "../api/routes.ts";
import { Problem } from "../api/schemas.ts";
import { schemaOf } from "./components.ts";

const WORDS: Readonly<Record<string, string>> = {
  200: "As asked",
  201: "Made",
  204: "Done",
  304: "What is known still holds",
};

const EVENTS =
  "Server-sent events. The name of each is a `kind` of ClusterEvent; its data is the rest of it, and `at`";

/** Answers by status; every route may answer with a problem instead. */
export function answersOf(route: Route): Readonly<Record<string, object>> {
  const tagged = route.headers?.some((name) => name === "if-match" || name === "if-none-match") ?? false;
  const answers = Object.entries(route.answers).map(([status, content]) => {
    const headers = tagged ? { headers: { ETag: ETAG } } : {};
    return [status, { ...described(status, content), ...headers }] as const;
  });
  return { ...Object.fromEntries(answers), default: PROBLEM };
}

function described(status: string, content: z.ZodType | string): object {
  if (content === "none") return { description: WORDS[status] ?? "No content" };
  if (content instanceof z.ZodType) {
    const schema = schemaOf(content, "output");
    return { description: WORDS[status] ?? "As asked", content: { "application/json": { schema } } };
  }
  const description = content === "text/event-stream" ? EVENTS : (WORDS[status] ?? "As asked");
  return { description, content: { [content]: { schema: { type: "string" } } } };
}

const ETAG = {
  description: "Names the configuration that holds; for If-Match and If-None-Match",
  schema: { type: "string" },
};

const PROBLEM = {
  description: "Refused, and why",
  content: { "application/problem+json": { schema: schemaOf(Problem, "output") } },
};
