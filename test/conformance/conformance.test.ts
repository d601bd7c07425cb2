import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Failure } from "./play.ts";
import { readConfigurations, readScenarios, type Scenario } from "./scenario.ts";
import { Stage } from "./stage.ts";
import { shunt } from "./targets/shunt.ts";

/** Every scenario of `scenarios/`, played against `shunt up`: README.md tells how. */

const { found: scenarios, mistakes } = readScenarios(join(import.meta.dirname, "scenarios"));
const { found: configurations, mistakes: more } = readConfigurations(join(import.meta.dirname, "configs"));
const stages = new Map<string, Promise<Stage>>();

/** Opened by the first scenario that is played on it. */
function stageOf(name: string): Promise<Stage> {
  const config = configurations.get(name);
  if (config === undefined) throw new Error(`there is no configuration ${name}`);
  const stage =
    stages.get(name) ??
    Stage.open(
      shunt,
      config,
      scenarios.filter((scenario) => scenario.config === name),
    );
  stages.set(name, stage);
  return stage;
}

afterAll(async () => {
  for (const stage of await Promise.allSettled(stages.values()))
    if (stage.status === "fulfilled") await stage.value[Symbol.asyncDispose]();
});

function complaint({ rfc }: Scenario, { step, reason, transcript }: Failure): string {
  return [`${rfc}: ${step}: ${reason}`, ...transcript].join("\n    ");
}

test("all files are as README.md has them", () => {
  expect([...mistakes, ...more]).toEqual([]);
});

describe.concurrent("Shunt", () => {
  test.each(
    scenarios.map((scenario) => [`${scenario.file} / ${scenario.name}: ${scenario.why}`, scenario] as const),
  )("%s", async (_, scenario) => {
    const failure = await (await stageOf(scenario.config)).play(scenario);
    if (failure !== undefined) throw new Error(complaint(scenario, failure));
  });
});
