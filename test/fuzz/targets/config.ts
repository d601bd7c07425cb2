import { readJson } from "../../../packages/coordinator/src/config/json-source.ts";
import type { Place, Source } from "../../../packages/coordinator/src/config/places.ts";
import { readYaml } from "../../../packages/coordinator/src/config/yaml-source.ts";
import { type ResolveContext, resolveConfig } from "../../../packages/core/src/config/resolving.ts";
import { require, type Target } from "../engine/target.ts";

const CONTEXT: ResolveContext = {
  cores: 1,
  statePath: "state",
  absolutePath: (path) => path,
  env: () => undefined,
  readFile: (path) => {
    throw new Error(`no file ${path}`);
  },
};

const MINIMAL = `{"listeners":{"web":{"port":0}},"pools":{"all":{"servers":{"s1":{"url":"http://127.0.0.1:9001"}}}},
"classes":{"all":{"pool":"all"}},"rules":[{"name":"r","when":{"cookie":{"a":{"regex":"b+"}}},"class":"all"}],"defaultClass":"all"}`;

/** Texts that should be configurations. */
export class ConfigTarget implements Target {
  readonly name = "config";
  readonly claim =
    "any text as JSON or YAML is a configuration or has mistakes with places in it; nothing is thrown";
  readonly seeds = [
    MINIMAL,
    "listeners:\n  web: { host: 127.0.0.1, port: 8080 }\npools: &p\n  a:\n    servers:\n      s1: { url: http://127.0.0.1:1 }\nrules: []\ndefaultClass: *p\n",
    "timeouts: { headMs: -1 }\nlimits: { headBytes: 1e9 }\ntrust: { peers: [10.0.0.0/8, x] }\nretry: 5\nleniency: {}\n",
    "rules:\n  - when: { any: [{ not: { path: { prefix: /x } } }, { client: 10.1.0.0/16 }] }\n    class: gold\n",
  ];
  readonly dictionary = [
    ..."listeners: pools: classes: rules: defaultClass: when: all: any: not: header: cookie: query: body: client: user: method: host: path: prefix: suffix: contains: in: regex: true false null ~ [] {} - & * !!js <<: | > ' \" # 1e400 0x1 -1 __proto__: constructor: 1.5".split(
      " ",
    ),
    "\n",
    "  ",
    '{"',
    '":',
    "(a+)+$",
  ];
  readonly maxBytes = 1_500;
  readonly weight = 1;

  run(octets: Buffer): string {
    const text = octets.toString("utf8");
    return [readJson(text), readYaml(text)].map((source) => outcomeOf(source, text)).join(" ");
  }
}

function outcomeOf(source: Source, text: string): string {
  if (!source.ok) {
    for (const { place } of source.mistakes) checkPlace(place, text);
    return `no-${source.mistakes.length}`;
  }
  const resolved = resolveConfig(source.value, CONTEXT);
  const told = resolved.ok ? resolved.warnings : resolved.mistakes;
  require(resolved.ok || told.length > 0, () => "refused, and nothing is wrong with it");
  for (const { path } of told)
    for (const at of ["key", "value"] as const) checkPlace(source.locate(path, at), text);
  return resolved.ok ? "yes" : `mistakes-${Math.min(told.length, 9)}`;
}

/** It is a place in the text, or right behind it. */
function checkPlace({ line, column }: Place, text: string): void {
  const lines = text.split(/\r\n|\r|\n/);
  const length = lines[line - 1]?.length ?? -1;
  require(column >= 1 && column <= length + 2, () =>
    `a mistake at ${line}:${column}, in ${lines.length} lines`);
}
