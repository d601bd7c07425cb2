import { Lane } from "./lane.ts";
import { type Failure, play } from "./play.ts";
import type { Scenario } from "./scenario.ts";
import type { Configuration } from "./schema.ts";
import type { RunningProxy, Target } from "./targets/target.ts";

/** Lanes of one proxy: each is a pool and a class, of which a configuration may have a thousand. */
const LANES = 800;

/** Where a scenario is played. */
interface Place {
  readonly lane: Lane;
  readonly proxy: RunningProxy;
}

/** One configuration, a lane for each scenario that wants it, and as many proxies as those need: mostly one. */
export class Stage implements AsyncDisposable {
  readonly #proxies: readonly RunningProxy[];
  /** By the name of the scenario. */
  readonly #places: ReadonlyMap<string, Place>;

  private constructor(proxies: readonly RunningProxy[], places: ReadonlyMap<string, Place>) {
    this.#proxies = proxies;
    this.#places = places;
  }

  static async open(target: Target, config: Configuration, scenarios: readonly Scenario[]): Promise<Stage> {
    const lanes = await Promise.all(scenarios.map((_, index) => Lane.open(index, config.servers)));
    const proxies: RunningProxy[] = [];
    try {
      for (let from = 0; from < lanes.length; from += LANES)
        proxies.push(await target.start(config, lanes.slice(from, from + LANES)));
      return new Stage(
        proxies,
        new Map(scenarios.map(({ name }, index) => [name, placeOf(index, lanes, proxies)])),
      );
    } catch (error) {
      await disposeAll([...proxies, ...lanes]);
      throw error;
    }
  }

  async play(scenario: Scenario): Promise<Failure | undefined> {
    const place = this.#places.get(scenario.name);
    if (place === undefined) throw new Error(`there is no lane for ${scenario.name}`);
    return await play(scenario, place.lane, place.proxy);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await disposeAll(this.#proxies);
    await disposeAll([...this.#places.values()].map(({ lane }) => lane));
  }
}

function placeOf(index: number, lanes: readonly Lane[], proxies: readonly RunningProxy[]): Place {
  return { lane: lanes[index] as Lane, proxy: proxies[Math.floor(index / LANES)] as RunningProxy };
}

async function disposeAll(all: readonly AsyncDisposable[]): Promise<void> {
  await Promise.all(all.map((each) => each[Symbol.asyncDispose]()));
}
