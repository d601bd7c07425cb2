import type { Failure } from "./play.ts";
import type { Scenario } from "./scenario.ts";
import type { Configuration } from "./schema.ts";
import { Stage } from "./stage.ts";
import type { Target } from "./targets/target.ts";

/** Scenarios that are played at the same time. */
const AT_ONCE = 16;

export interface Outcome {
  readonly scenario: Scenario;
  /** Undefined: it passed. */
  readonly failure: Failure | undefined;
}

/** Plays all scenarios that can be asked of a target, one configuration after the other. */
export async function score(
  target: Target,
  scenarios: readonly Scenario[],
  configurations: ReadonlyMap<string, Configuration>,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [name, config] of configurations) {
    const wanted = scenarios.filter(
      (scenario) => scenario.config === name && isAsked(target, scenario, config),
    );
    if (wanted.length > 0) outcomes.push(...(await playAll(target, config, wanted)));
  }
  return outcomes;
}

function isAsked({ name }: Target, { peers }: Scenario, config: Configuration): boolean {
  return name === "shunt" || (peers && config.peers === true);
}

async function playAll(
  target: Target,
  config: Configuration,
  scenarios: readonly Scenario[],
): Promise<Outcome[]> {
  await using stage = await Stage.open(target, config, scenarios);
  const outcomes: Outcome[] = [];
  const left = [...scenarios];
  const player = async (): Promise<void> => {
    for (let scenario = left.shift(); scenario !== undefined; scenario = left.shift())
      outcomes.push({ scenario, failure: await stage.play(scenario) });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, player));
  return outcomes;
}
