import { Validator } from "@seriousme/openapi-schema-validator";
import { pino } from "pino";
import { expect, test } from "vitest";
import { buildAdminApi } from "../api/http-server.ts";
import { ROUTES } from "../api/routes.ts";
import { fixedConfiguration } from "../change/test-configuration.ts";
import { EventLog } from "../events/event-log.ts";
import { KnownHealth } from "../health/known-health.ts";
import { ALONE } from "../leadership/leadership.ts";
import { RecentExchanges } from "../membership/recent.ts";
import { Registry } from "../membership/registry.ts";
import { snapshotOf } from "../publish/snapshot.ts";
import { testConfig } from "../test-config.ts";
import { openApiDocument } from "./document.ts";

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

interface Operation {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly responses: Readonly<Record<string, { readonly headers?: object }>>;
}

const document = openApiDocument("1.2.3") as Document;
const operations = Object.values(document.paths).flatMap((path) => Object.values(path));

/** Lines of Fastify's tree of routes, put together to paths. */
function routesOf(tree: string): string[] {
  const trail: string[] = [];
  return tree.split("\n").flatMap((line) => {
    const [, indent = "", part = "", methods = ""] = /^(.*?)[├└]── (\S+)(?: \((.+)\))?$/.exec(line) ?? [];
    const depth = indent.length / 4;
    trail.splice(depth, Number.POSITIVE_INFINITY, part);
    const path = trail.join("").replaceAll(/:(\w+)/g, "{$1}");
    return methods.split(", ").flatMap((method) => (/^(|HEAD)$/.test(method) ? [] : [`${method} ${path}`]));
  });
}

test("openApiDocument() is valid by the schema of OpenAPI 3.1", async () => {
  const validator = new Validator();
  expect(await validator.validate({ ...document })).toEqual({ valid: true });
  expect(validator.version).toBe("3.1");
});

test("openApiDocument() has every route of the server, and no other", async () => {
  const config = testConfig("unused");
  const registry = new Registry(Date.now);
  const app = buildAdminApi({
    own: config,
    configuration: fixedConfiguration(config),
    current: () => snapshotOf(1, config),
    name: "h-1",
    version: "0",
    leadership: ALONE,
    log: pino({ level: "silent" }),
    registry,
    health: new KnownHealth({ append: () => {} }),
    counts: () => ({ changes: 0, fencedWrites: 0 }),
    coordinators: async () => [],
    checks: { passed: 0, failed: 0 },
    recent: new RecentExchanges(registry),
    events: new EventLog({ now: Date.now, name: "x" }),
  });
  await app.ready();
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(described.sort()).toEqual(routesOf(app.printRoutes({ commonPrefix: false })).sort());
});

test("openApiDocument() refers to nothing that it does not have", () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
  expect(references.length).toBeGreaterThan(10);
  const missing = references.filter(([, name = ""]) => !Object.hasOwn(document.components.schemas, name));
  expect(missing).toEqual([]);
});

test("openApiDocument() asks for a token where the API does, and for none elsewhere", () => {
  const open = operations
    .filter(({ security }) => security.length === 0)
    .map(({ operationId }) => operationId);
  const expected = Object.entries(ROUTES).filter(([, { role }]) => role === "open");
  expect(open).toEqual(expected.map(([name]) => name));
});

test("openApiDocument() names the ETag of what can be changed, and problems everywhere", () => {
  const { getConfig } = Object.fromEntries(operations.map((one) => [one.operationId, one]));
  expect(getConfig?.responses["200"]?.headers).toHaveProperty("ETag");
  expect(operations.filter(({ responses }) => !("default" in responses))).toEqual([]);
});
