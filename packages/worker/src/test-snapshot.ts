import type { Snapshot } from "@shunt/core";
import { formatMistake, type ResolveContext, resolveConfig } from "@shunt/core/config/resolving";

const CONTEXT: ResolveContext = {
  cores: 1,
  statePath: "state",
  absolutePath: (path) => path,
  env: () => undefined,
  readFile: (path) => {
    throw new Error(`no file ${path} in this test`);
  },
};

const OPTIONS = {
  listeners: { web: { host: "127.0.0.1", port: 0 } },
  pools: {
    gold: { servers: { g1: { url: "http://127.0.0.1:9001" }, g2: { url: "http://127.0.0.1:9002" } } },
    general: { servers: { s1: { url: "http://127.0.0.1:9003" } } },
  },
  classes: { gold: { pool: "gold", spill: "general" }, general: { pool: "general" } },
  rules: [{ name: "gold cookie", when: { cookie: { tier: "gold" } }, class: "gold" }],
  defaultClass: "general",
  log: { access: "off" },
};

/** For tests: what an acceptor works by. `options` are those of a configuration file, beside or instead of two pools. */
export function snapshotOf(options: Readonly<Record<string, unknown>> = {}, generation = 1): Snapshot {
  const resolved = resolveConfig({ ...OPTIONS, ...options }, CONTEXT);
  if (!resolved.ok) throw new Error(resolved.mistakes.map(formatMistake).join("\n"));
  return { term: 0, generation, config: resolved.config };
}
