import {
  type AcceptorCounters,
  ANSWER_BOUNDS_MS,
  namesIn,
  type ResolvedPool,
  serverNames,
} from "@shunt/core";
import type { FastifyInstance } from "fastify";
import type { Registry } from "prom-client";
import type { KnownHealth } from "../health/known-health.ts";
import { mergedHealth } from "../health/merged-health.ts";
import { type LoadTable, type TotalLoad, totals } from "../load/aggregate.ts";
import type { ApiContext } from "./context.ts";
import { exposition, histogramSamples, type Metric, type Sample } from "./exposition.ts";
import { ROUTES } from "./routes.ts";
import { serve } from "./serve.ts";

/** The label of counters that have one. Those that are not named here have `kind`. */
const LABELS: Readonly<Record<string, string>> = {
  responses_total: "code",
  requests_total: "class",
  connections_refused_total: "reason",
  requests_refused_total: "rule",
  errors_total: "error",
  failures_total: "error",
  acceptors_redis_errors_total: "reason",
  acceptors_bus_refused_total: "reason",
  ejections_total: "reason",
  share_refused_total: "limited",
  requests_moved_total: "reason",
};

/** Everything as Prometheus reads it: what acceptors counted, what they are loaded with, and this process. */
export function addMetrics(app: FastifyInstance, context: ApiContext): void {
  let measured: Promise<Registry> | undefined;
  serve(app, ROUTES.metrics, async ({ reply }) => {
    const counted = context.registry.counters();
    const ofRedis = context.redisMetrics?.() ?? [];
    const ofShares = context.shareMetrics?.() ?? [];
    const metrics = [...acceptorMetrics(counted), ...clusterMetrics(context), ...ofShares, ...ofRedis];
    const text = exposition(metrics);
    measured ??= measureThisProcess();
    const own = await measured;
    return reply.type(own.contentType).send(text + (await own.metrics()));
  });
}

/** From the first time that somebody asks: a coordinator that nobody asks starts sooner without. */
async function measureThisProcess(): Promise<Registry> {
  const prometheus = await import("prom-client");
  const register = new prometheus.Registry();
  prometheus.collectDefaultMetrics({ register, prefix: "shunt_coordinator_" });
  return register;
}

function acceptorMetrics({ counters, gauges, labelled, histograms }: AcceptorCounters): Metric[] {
  return [
    ...Object.entries(counters).map(([name, value]) => plain(name, "counter", value)),
    ...Object.entries(gauges).map(([name, value]) => plain(name, "gauge", value)),
    ...Object.entries(labelled).map(([name, values]): Metric => {
      const label = LABELS[name] ?? "kind";
      const samples = Object.entries(values).map(([key, value]) => ({ labels: { [label]: key }, value }));
      return { name, help: helpOf(name), type: "counter", samples };
    }),
    ...Object.entries(histograms).map(([name, histogram]): Metric => {
      return { name, help: helpOf(name), type: "histogram", samples: histogramSamples(histogram) };
    }),
  ];
}

function clusterMetrics({ registry, current, leadership, counts, health, checks }: ApiContext): Metric[] {
  const heard = registry.heard;
  const names = serverNames(current().config);
  const tables = heard.map((member) => member.loads);
  const loads = totals(names, tables);
  const { changes, fencedWrites } = counts();
  const accepting = heard.filter(({ status }) => status.state === "accepting").length;
  return [
    plain("generation", "gauge", current().generation, "Generation of the configuration"),
    plain("coordinator_leads", "gauge", leadership.leads ? 1 : 0, "Whether this coordinator leads"),
    plain("coordinator_term", "gauge", leadership.term, "The last term that this coordinator knows of"),
    plain("leader_changes_total", "counter", changes, "Changes of leader that this coordinator has seen"),
    plain(
      "fenced_writes_total",
      "counter",
      fencedWrites,
      "Its writes that were refused because another leads",
    ),
    plain("acceptors", "gauge", heard.length, "Acceptors that report to the coordinator"),
    plain("acceptors_accepting", "gauge", accepting, "Acceptors that take connections"),
    perServer("server_outstanding", "gauge", "Requests sent and not yet answered", loads, "outstanding"),
    perServer("server_request_rate", "gauge", "Requests per second", loads, "rate"),
    perServer("server_errors_total", "counter", "Responses with a status of 500 or above", loads, "errors"),
    perServer("server_connections", "gauge", "Connections open to the server", loads, "connections"),
    perServer("server_ejected_by", "gauge", "Acceptors that have ejected the server", loads, "ejectedBy"),
    perServer(
      "server_latency_milliseconds",
      "gauge",
      "Peak-sensitive average answer time",
      loads,
      "latencyMs",
    ),
    perServer(
      "server_latency_average_milliseconds",
      "gauge",
      "Mean time of the last answers",
      loads,
      "averageMs",
    ),
    announcedLoads(loads),
    answerTimes(loads),
    serverHealth(current().config.pools, health, tables),
    checksMade(checks),
  ];
}

function serverHealth(
  pools: readonly ResolvedPool[],
  known: KnownHealth,
  tables: readonly LoadTable[],
): Metric {
  const samples = pools.flatMap((pool) =>
    namesIn(pool).map((id): Sample => {
      const [, server = ""] = id.split("/");
      const { share } = mergedHealth(id, pool, known.of(id), tables);
      return { labels: { pool: pool.name, server }, value: share };
    }),
  );
  const help =
    "Part of the acceptors that the health of the server keeps from nothing: 1 is healthy, 0 unhealthy";
  return { name: "server_health", help, type: "gauge", samples };
}

function checksMade(checks: ApiContext["checks"]): Metric {
  const samples = Object.entries(checks).map(([result, value]): Sample => ({ labels: { result }, value }));
  const help = "Active checks that this coordinator has made";
  return { name: "health_checks_total", help, type: "counter", samples };
}

/** Of the servers that say something. */
function announcedLoads(loads: readonly TotalLoad[]): Metric {
  const samples = loads.flatMap((load): Sample[] =>
    load.announced === undefined ? [] : [{ labels: labelsOf(load), value: load.announced }],
  );
  const help = "How loaded the server says that it is, 0 to 1";
  return { name: "server_announced_load", help, type: "gauge", samples };
}

function answerTimes(loads: readonly TotalLoad[]): Metric {
  const bounds = ANSWER_BOUNDS_MS.map((ms) => ms / 1_000);
  const samples = loads.flatMap((load) =>
    histogramSamples({ bounds, counts: load.answers, sum: load.answerMs / 1_000 }).map(
      (sample): Sample => ({ ...sample, labels: { ...labelsOf(load), ...sample.labels } }),
    ),
  );
  const help = "Time from the choice of a server to the head of its answer";
  return { name: "server_latency_seconds", help, type: "histogram", samples };
}

function labelsOf({ server: id }: TotalLoad): { pool: string; server: string } {
  const [pool = "", server = ""] = id.split("/");
  return { pool, server };
}

function perServer(
  name: string,
  type: Metric["type"],
  help: string,
  loads: readonly TotalLoad[],
  measure: "outstanding" | "connections" | "ejectedBy" | "latencyMs" | "rate" | "errors" | "averageMs",
): Metric {
  const samples = loads.map((load): Sample => ({ labels: labelsOf(load), value: load[measure] }));
  return { name, type, help, samples };
}

function plain(name: string, type: Metric["type"], value: number, help: string = helpOf(name)): Metric {
  return { name, type, help, samples: [{ value }] };
}

/** Counters of acceptors are named so that the name tells it. */
function helpOf(name: string): string {
  const words = name.replace(/_(total|seconds|bytes)$/, "").replaceAll("_", " ");
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}, all acceptors together`;
}
