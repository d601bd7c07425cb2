import type { ShuntOptions } from "@shunt/core/config";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { eventually } from "../support/eventually.ts";
import { SampleServer } from "../support/sample-server.ts";
import { onePool, poolOf, type RunningShunt, startShunt } from "../support/shunt.ts";
import { textOf } from "./files.ts";
import { readPromql } from "./promql.ts";

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const panels: readonly Panel[] = JSON.parse(textOf("infra/dashboards/shunt.json")).panels;
const rules: readonly Rule[] = parse(textOf("infra/alerts/shunt.rules.yaml")).groups.flatMap(
  (group: { readonly rules: readonly Rule[] }) => group.rules,
);
const expressions = [
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
];

/** Those that only a coordinator with Redis tells. */
const ONLY_WITH_REDIS: readonly string[] = [
  "shunt_redis_up",
  "shunt_redis_errors_total",
  "shunt_acceptors_redis_up",
  "shunt_acceptors_redis_errors_total",
];
/** Their label comes from what happened, so they are told when it first has. */
const WHEN_IT_HAPPENS: readonly string[] = [
  "shunt_requests_refused_total",
  "shunt_failures_total",
  "shunt_connections_refused_total",
  "shunt_ejections_total",
  "shunt_share_refused_total",
];

let server: SampleServer;
let shunt: RunningShunt;
let told: ReadonlySet<string>;

beforeAll(async () => {
  server = await SampleServer.start("s1");
  // With all that there is something to tell of.
  const pool = {
    ...poolOf(server),
    health: { active: { tcp: true } },
    limit: { outstanding: 10, scope: "cluster" },
  };
  shunt = await startShunt({ ...onePool(server), pools: { all: pool } } as Partial<ShuntOptions>);
  using client = await shunt.connect();
  await client.ask("/x");
  await shunt.accessLog(1);
  await eventually(
    () => shunt.metric("shunt_requests_total"),
    (requests) => requests > 0,
  );
  const lines = (await shunt.api("/metrics")).split("\n").filter((line) => line.startsWith("shunt_"));
  told = new Set(lines.map((line) => /^\w+/.exec(line)?.[0] ?? ""));
});

afterAll(async () => {
  await shunt?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

test.each(expressions)("%s asks in PromQL for what Shunt tells: %s", (_, expression) => {
  const { error, metrics } = readPromql(expression);
  expect(error).toBeUndefined();
  expect(metrics).not.toEqual([]);
  const known = new Set([...told, ...ONLY_WITH_REDIS, ...WHEN_IT_HAPPENS]);
  expect(metrics.filter((metric) => !known.has(metric))).toEqual([]);
});

test("readPromql() finds what is no PromQL, and metrics that have no labels", () => {
  expect(readPromql("sum(shunt_x").error).toBeDefined();
  expect(readPromql("sum(rate(shunt_x[5m])) / shunt_y{a='b'}").metrics).toEqual(["shunt_x", "shunt_y"]);
});

test("panels of the dashboard have numbers of their own", () => {
  const ids = panels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test.each(rules)("alert $alert says how bad it is and what it means", ({ labels, annotations }) => {
  expect(["critical", "warning"]).toContain(labels.severity);
  expect(annotations.summary).toMatch(/\w/);
});
