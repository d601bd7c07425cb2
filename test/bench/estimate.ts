import type { Options } from "./options.ts";
import { serialSeconds } from "./pipelining/pipelining.ts";
import { PROFILE_SECONDS } from "./profile/run.ts";
import { warmUpSeconds } from "./rounds.ts";
import { cellsOf, LATENCY, PIPELINING, type Scenario, secondsOf } from "./scenarios.ts";
import { does, targets } from "./targets.ts";

/** What a measurement takes beside its own length: starting the generator, settling, reading times. */
const OVERHEAD_SECONDS = 0.25;
/** Two of the proxies forward the pipelined requests of a client one after the other. */
const SERIAL_TARGETS = 2;

/** How long a run takes if every target is there, and the serial ones take their time over the pipelines. */
export function estimateMinutes(options: Options): number {
  const { scenarios, connections, rounds, seconds, targets: names } = options;
  const cells = cellsOf(scenarios, connections);
  if (options.profile) return (cells.length * PROFILE_SECONDS) / 60;
  const perRound = cells.reduce(
    (sum, { scenario, connections: count }) =>
      sum + doing(scenario, names) * (secondsOf(scenario, count, seconds) + OVERHEAD_SECONDS),
    0,
  );
  const warmUp = targets
    .filter(({ name }) => names.includes(name))
    .flatMap((target) =>
      [...new Set(cells.map(({ scenario }) => scenario))]
        .filter((each) => does(target, each))
        .keys()
        .toArray(),
    )
    .reduce((sum, index) => sum + warmUpSeconds(index, options.warmUp), 0);
  const latencies = scenarios.includes(LATENCY)
    ? doing({ name: LATENCY }, names) * (rounds * (5 * seconds + 4 * OVERHEAD_SECONDS) + options.warmUp)
    : 0;
  const pipelines = scenarios.includes(PIPELINING) ? SERIAL_TARGETS * serialSeconds : 0;
  return (perRound * rounds + warmUp + latencies + pipelines) / 60;
}

function doing(scenario: Pick<Scenario, "name">, names: readonly string[]): number {
  return targets.filter((target) => names.includes(target.name) && does(target, scenario)).length;
}
