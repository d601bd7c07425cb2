/** `npm run conformance`: every scenario against Shunt, HAProxy and nginx, side by side. README.md tells how. */
import { join } from "node:path";
import { type Options, readOptions, usage } from "./options.ts";
import { renderFailures, renderTable, type Score } from "./report.ts";
import { readConfigurations, readScenarios } from "./scenario.ts";
import { score } from "./score.ts";
import { haproxy } from "./targets/haproxy.ts";
import { nginx } from "./targets/nginx.ts";
import { shunt } from "./targets/shunt.ts";
import type { Target } from "./targets/target.ts";

const TARGETS: readonly Target[] = [shunt, haproxy, nginx];

process.exitCode = await main();

async function main(): Promise<number> {
  const options = optionsOrSentence();
  if (options === undefined || typeof options === "string") {
    console.error(options ?? usage);
    return options === undefined ? 0 : 2;
  }
  const scenarios = readScenarios(join(import.meta.dirname, "scenarios"));
  const configurations = readConfigurations(join(import.meta.dirname, "configs"));
  for (const mistake of [...scenarios.mistakes, ...configurations.mistakes]) console.error(mistake);
  const { only = "" } = options;
  const wanted = scenarios.found.filter(({ name, file }) => name.includes(only) || file.includes(only));
  const scores: Score[] = [];
  for (const target of TARGETS.filter(({ name }) => options.targets.includes(name))) {
    const version = target.version();
    const outcomes = version === undefined ? [] : await score(target, wanted, configurations.found);
    scores.push({ target, version, outcomes });
  }
  return report(scores, options, scenarios.mistakes.length + configurations.mistakes.length);
}

function optionsOrSentence(): Options | string | undefined {
  try {
    return readOptions(
      process.argv.slice(2),
      TARGETS.map(({ name }) => name),
    );
  } catch (error) {
    return `${error instanceof Error ? error.message : error}\n\n${usage}`;
  }
}

/** Ends with 0 where every file was read and Shunt does all that it must and promises. */
function report(scores: readonly Score[], { verbose }: Options, mistakes: number): number {
  const failures = scores.map((each) => renderFailures(each, verbose)).filter((text) => text !== "");
  console.log([renderTable(scores), ...failures].join("\n\n"));
  const ours = scores.find(({ target }) => target === shunt);
  const failed = ours?.outcomes.some(({ failure }) => failure !== undefined) ?? false;
  return failed || mistakes > 0 ? 1 : 0;
}
