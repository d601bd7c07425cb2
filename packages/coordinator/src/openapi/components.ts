import { z } from "zod";
import type { Route } from "../api/routes.ts";
import * as forms from "../api/schemas.ts";
import { ClusterEvent } from "../events/event.ts";

type Direction = "input" | "output";
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Every schema that has a name in schemas.ts has the same name in the document. */
const NAMED: ReadonlyMap<z.ZodType, string> = new Map(
  Object.entries<z.ZodType>({ ...forms, ClusterEvent }).map(([name, schema]) => [schema, name]),
);
const PLACE = "#/components/schemas/";

/** A reference, or the schema itself where it has no name. */
export function schemaOf(schema: z.ZodType, direction: Direction): JsonSchema {
  const name = NAMED.get(schema);
  return name === undefined ? plain(z.toJSONSchema(schema, { io: direction })) : { $ref: PLACE + name };
}

/** What references lead to. What comes in may leave out what has a default; what goes out has it. */
export function componentsOf(routes: readonly Route[]): Readonly<Record<string, JsonSchema>> {
  const sent = new Set<unknown>(routes.map(({ body }) => body));
  const parameters = new Set<unknown>(routes.flatMap(({ query, parameters }) => [query, parameters]));
  const forms = { input: namedForms("input"), output: namedForms("output") };
  const kept = [...NAMED].filter(([schema]) => !parameters.has(schema));
  return Object.fromEntries(
    kept
      .map(
        ([schema, name]) => [name, plain(forms[sent.has(schema) ? "input" : "output"][name] ?? {})] as const,
      )
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function namedForms(direction: Direction): Readonly<Record<string, JsonSchema>> {
  const registry = z.registry<{ id: string }>();
  for (const [schema, id] of NAMED) registry.add(schema, { id });
  return z.toJSONSchema(registry, { uri: (id) => PLACE + id, io: direction }).schemas;
}

/** In an OpenAPI document, dialect and identity are those of the document. */
function plain({ $schema, $id, ...schema }: JsonSchema): JsonSchema {
  return schema;
}
