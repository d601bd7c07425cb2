import { Lane } from "./lane.ts";
import { type Failure, play } from "./play.ts";
import type { Scenario } from "./scenario.ts";
import type { Configuration } from "./schema.ts";
import type { RunningProxy, Target } from "./targets/target.ts";

/** One proxy with one configuration, and a lane for each scenario that wants it. */
export class Stage implements AsyncDisposable {
  readonly #proxy: RunningProxy;
  readonly #lanes: ReadonlyMap<string, Lane>;

  private constructor(proxy: RunningProxy, lanes: ReadonlyMap<string, Lane>) {
    this.#proxy = proxy;
    this.#lanes = lanes;
  }

  static async open(target: Target, config: Configuration, scenarios: readonly Scenario[]): Promise<Stage> {
    const lanes = await Promise.all(scenarios.map((_, index) => Lane.open(index, config.servers)));
    try {
      const proxy = await target.start(config, lanes);
      return new Stage(proxy, new Map(scenarios.map(({ name }, index) => [name, lanes[index] as Lane])));
    } catch (error) {
      await Promise.all(lanes.map((lane) => lane[Symbol.asyncDispose]()));
      throw error;
    }
  }

  async play(scenario: Scenario): Promise<Failure | undefined> {
    const lane = this.#lanes.get(scenario.name);
    if (lane === undefined) throw new Error(`there is no lane for ${scenario.name}`);
    return await play(scenario, lane, this.#proxy);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy[Symbol.asyncDispose]();
    await Promise.all([...this.#lanes.values()].map((lane) => lane[Symbol.asyncDispose]()));
  }
}
