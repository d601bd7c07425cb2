import { z } from "zod";
import type { Route } from "../api/routes.ts";
import type { JsonSchema } from "./components.ts";

const HEADERS: Readonly<Record<NonNullable<Route["headers"]>[number], readonly [string, string]>> = {
  "if-match": [
    "If-Match",
    "ETag of what is to be changed; refused with 412 when something else holds by now",
  ],
  "if-none-match": ["If-None-Match", "ETag of what is known; answered with 304 when it still holds"],
  "last-event-id": ["Last-Event-ID", "The last event that was read; what came after it is told first"],
};

/** What of a request is neither method, path nor content. */
export function parametersOf({ parameters, query, headers = [] }: Route): object[] {
  return [
    ...(parameters === undefined ? [] : fieldsOf("path", parameters)),
    ...fieldsOf("query", query),
    ...headers.map((field) => {
      const [name, description] = HEADERS[field];
      return { name, in: "header", description, schema: { type: "string" } };
    }),
  ];
}

function fieldsOf(place: "path" | "query", schema: z.ZodObject): object[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: "input" });
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = property as JsonSchema;
    return {
      name,
      in: place,
      ...(description === undefined ? {} : { description }),
      required: place === "path" || required.includes(name),
      schema: rest,
    };
  });
}
