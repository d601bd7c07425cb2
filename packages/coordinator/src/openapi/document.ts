import { ROUTES, type Route } from "../api/routes.ts";
import { answersOf } from "./answers.ts";
import { componentsOf, schemaOf } from "./components.ts";
import { parametersOf } from "./parameters.ts";

/** The admin API as an OpenAPI document, made of the routes and schemas that requests are checked against. */
export function openApiDocument(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [name, route] of Object.entries<Route>(ROUTES)) {
    const operations = paths[route.path] ?? {};
    paths[route.path] = operations;
    operations[route.method.toLowerCase()] = operationOf(name, route);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Shunt's admin API",
      version,
      description: "See what a Shunt load balancer does, and change it while it does it.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: Object.entries(TAGS).map(([tag, description]) => ({ name: tag, description })),
    paths,
    components: {
      schemas: componentsOf(Object.values(ROUTES)),
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

const TAGS = {
  probes: "For whoever watches over the process; no token is needed",
  config: "The configuration, and what it was before",
  pools: "Pools and their servers",
  cluster: "Who takes part, what is going on, and what has been changed",
  requests: "Where requests went, and where they would go",
} as const;

/** By the first part of the path behind the version. */
const TAG_OF: Readonly<Record<string, keyof typeof TAGS>> = {
  config: "config",
  pools: "pools",
  exchanges: "requests",
  explain: "requests",
};

function operationOf(name: string, route: Route): object {
  const [, , part = ""] = route.path.split("/");
  const open = route.role === "open";
  return {
    operationId: name,
    summary: route.summary,
    ...(open
      ? {}
      : { description: `Needs a token of the role \`${route.role}\`, where tokens are configured.` }),
    tags: [open ? "probes" : (TAG_OF[part] ?? "cluster")],
    security: open ? [] : [{ token: [] }],
    parameters: parametersOf(route),
    ...(route.body === undefined ? {} : { requestBody: bodyOf(route.body) }),
    responses: answersOf(route),
  };
}

function bodyOf(body: NonNullable<Route["body"]>): object {
  return { required: true, content: { "application/json": { schema: schemaOf(body, "input") } } };
}
