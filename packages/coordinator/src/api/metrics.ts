import type { AcceptorCounters } from "@shunt/core";
import type { FastifyInstance } from "fastify";
import { collectDefaultMetrics, Registry } from "prom-client";
import { type TotalLoad, totals } from "../load/aggregate.ts";
import { serverNames } from "../load/server-names.ts";
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
};

/** Everything as Prometheus reads it: what acceptors counted, what they are loaded with, and this process. */
export function addMetrics(app: FastifyInstance, context: ApiContext): void {
  const own = new Registry();
  collectDefaultMetrics({ register: own, prefix: "shunt_coordinator_" });
  serve(app, ROUTES.metrics, async ({ reply }) => {
    const counted = context.registry.counters();
    const text = exposition([...acceptorMetrics(counted), ...clusterMetrics(context)]);
    return reply.type(own.contentType).send(text + (await own.metrics()));
  });
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

function clusterMetrics({ registry, current, config }: ApiContext): Metric[] {
  const heard = registry.heard;
  const names = serverNames(config);
  const loads = totals(
    names,
    heard.map((member) => member.loads),
  );
  const accepting = heard.filter(({ status }) => status.state === "accepting").length;
  return [
    plain("generation", "gauge", current().generation, "Generation of the configuration"),
    plain("acceptors", "gauge", heard.length, "Acceptors that report to the coordinator"),
    plain("acceptors_accepting", "gauge", accepting, "Acceptors that take connections"),
    perServer("server_outstanding", "gauge", "Requests sent and not yet answered", loads, "outstanding"),
    perServer("server_connections", "gauge", "Connections open to the server", loads, "connections"),
    perServer("server_ejected_by", "gauge", "Acceptors that have ejected the server", loads, "ejectedBy"),
    perServer(
      "server_latency_milliseconds",
      "gauge",
      "Peak-sensitive average answer time",
      loads,
      "latencyMs",
    ),
  ];
}

function perServer(
  name: string,
  type: Metric["type"],
  help: string,
  loads: readonly TotalLoad[],
  measure: Exclude<keyof TotalLoad, "server">,
): Metric {
  const samples = loads.map((load): Sample => {
    const [pool = "", server = ""] = load.server.split("/");
    return { labels: { pool, server }, value: load[measure] };
  });
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
