import { parser } from "@prometheus-io/lezer-promql";

/** What stands in dashboards of Grafana for what it fills in. */
const VARIABLES: Readonly<Record<string, string>> = { $__rate_interval: "1m", $job: "shunt" };

export interface ReadExpression {
  /** The first place that is no PromQL; undefined where all is. */
  readonly error: string | undefined;
  /** Names of the metrics that it asks for. */
  readonly metrics: readonly string[];
}

/** Reads an expression by the grammar of Prometheus itself. */
export function readPromql(expression: string): ReadExpression {
  const text = expression.replaceAll(/\$\w+/g, (name) => VARIABLES[name] ?? name);
  const metrics: string[] = [];
  let error: string | undefined;
  parser.parse(text).iterate({
    enter({ type, from, to }) {
      if (type.isError) error ??= `at ${from}: ${text.slice(from, from + 20)}`;
      // A selector is its name, with labels behind it or not.
      if (type.name === "VectorSelector") metrics.push(/^[\w:]+/.exec(text.slice(from, to))?.[0] ?? "");
    },
  });
  return { error, metrics };
}
