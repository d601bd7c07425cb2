import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chooseGenerator } from "../load/generator.ts";
import type { Machine } from "../machine.ts";
import type { Options } from "../options.ts";
import { cellsOf } from "../scenarios.ts";
import { targets } from "../targets.ts";
import { profileCell } from "./profile.ts";
import { renderProfile } from "./report.ts";

/** What one scenario takes: starting, warming up, and three times the load. */
export const PROFILE_SECONDS = 20;
/** The usual second of a round holds few samples of what is rare. */
const LENGTH_FACTOR = 4;

/** Profiles the first of the wanted targets in each scenario; the page and its files go to `options.out`. */
export async function profile(
  options: Options,
  machine: Machine,
  say: (sentence: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const target = targets.find(
    ({ name, template }) => options.targets.includes(name) && template === "shunt.yaml",
  );
  if (target === undefined)
    throw new Error("--profile: Shunt alone can be profiled, and is none of --targets");
  await using resources = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "shunt-bench-"));
  resources.defer(() => rm(dir, { recursive: true, force: true }));
  const out = options.out ?? dir;
  await mkdir(out, { recursive: true });

  const bench = {
    generator: chooseGenerator(),
    proxyCore: machine.pins?.proxy,
    servers: options.servers,
    loadCore: machine.pins?.load,
    signal,
  };
  const pages = [`# Profiles: ${target.title} ${target.version() ?? ""}\n`];
  console.log(pages[0]);
  for (const cell of cellsOf(options.scenarios, options.connections)) {
    const { scenario, connections } = cell;
    say(`profiling: ${scenario.title}, connections: ${connections}`);
    const place = join(dir, `${scenario.name}-${connections}`);
    const seconds = options.seconds * LENGTH_FACTOR;
    const page = renderProfile(await profileCell(bench, target, cell, seconds, place, out));
    console.log(page);
    pages.push(page);
  }
  await writeFile(join(out, "profiles.md"), pages.join("\n"));
}
