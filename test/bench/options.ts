import { join } from "node:path";
import { parseArgs } from "node:util";
import { LATENCY, PIPELINING, scenarioNames } from "./scenarios.ts";
import { serverKinds } from "./servers/sample-servers.ts";

export interface Options {
  /** How often every target is measured in every scenario. */
  readonly rounds: number;
  /** Length of one measurement. */
  readonly seconds: number;
  /** Load of each target before anything counts, by scenario: the first one gets so many seconds, each further one 2 at most. */
  readonly warmUp: number;
  readonly targets: readonly string[];
  readonly scenarios: readonly string[];
  readonly connections: readonly number[];
  /** The kind of sample servers; undefined: the first one that can run here. */
  readonly servers: string | undefined;
  /** Nothing is compared: one target is profiled, each scenario by itself. */
  readonly profile: boolean;
  /** Where the results are written, a file, or of profiles a directory; undefined: nowhere. */
  readonly out: string | undefined;
}

export const usage = `Usage: npm run bench -- [options]

  --rounds N            measurements per target, scenario and number of connections (5)
  --seconds N           length of one; twice that with 1 connection or 1 MiB (1)
  --warm-up N           seconds of load for each target before anything counts; 2 at most for each further scenario (10)
  --targets a,b         of those that are known (all)
  --scenarios a,b       of ${scenarioNames.join(", ")} (all)
  --connections a,b     1 to 10000 (1,32,128,512)
  --servers KIND        sample servers: one of ${serverKinds.join(", ")} (the first of them that is installed)
  --quick               1 round, connections 1,128, no GET of 16 KiB, no latency, no results file: about three minutes
  --profile             no comparison: CPU profiles of Shunt, a flame graph and the top functions per scenario
                        (128 connections; of the targets the first one; files go to test/bench/profiles, or --out)
  --out FILE            where the results go (test/bench/results.md; with --quick nowhere)
  --help                this text
`;

/** What is measured unless options say otherwise. */
const full = { rounds: "5", warmUp: "10", connections: "1,32,128,512", scenarios: scenarioNames.join() };
/** What is profiled unless options say otherwise: where a proxy is busy. */
const profile = {
  ...full,
  connections: "128",
  scenarios: scenarioNames.filter((name) => name !== PIPELINING && name !== LATENCY).join(),
};
const quick = {
  rounds: "1",
  warmUp: "1",
  connections: "1,128",
  scenarios: scenarioNames.filter((name) => name !== "get-16k" && name !== LATENCY).join(),
};

/** A mistake on the command line: the sentence is all that the user needs to see. */
export class OptionError extends Error {}

/** Returns undefined when only the usage is asked for. */
export function readOptions(argv: readonly string[], knownTargets: readonly string[]): Options | undefined {
  const given = parse(argv);
  if (given.help) return undefined;
  const usual = given.quick ? quick : given.profile ? profile : full;
  return {
    rounds: wholeNumber("--rounds", given.rounds ?? usual.rounds, 100),
    seconds: wholeNumber("--seconds", given.seconds ?? "1", 600),
    warmUp: wholeNumber("--warm-up", given["warm-up"] ?? usual.warmUp, 600),
    targets: names("--targets", given.targets, knownTargets),
    scenarios: names("--scenarios", given.scenarios ?? usual.scenarios, scenarioNames),
    connections: (given.connections ?? usual.connections)
      .split(",")
      .map((number) => wholeNumber("--connections", number, 10_000)),
    servers: given.servers === undefined ? undefined : oneOf("--servers", given.servers, serverKinds),
    profile: given.profile ?? false,
    out: given.out ?? usualPlace(given),
  };
}

function usualPlace({ quick, profile }: { quick?: boolean; profile?: boolean }): string | undefined {
  if (profile) return join(import.meta.dirname, "profiles");
  return quick ? undefined : join(import.meta.dirname, "results.md");
}

function parse(argv: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    return parseArgs({
      args: [...argv],
      options: {
        rounds: text,
        seconds: text,
        "warm-up": text,
        targets: text,
        scenarios: text,
        connections: text,
        servers: text,
        out: text,
        quick: flag,
        profile: flag,
        help: flag,
      },
    }).values;
  } catch (error) {
    throw new OptionError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(option: string, text: string, most: number): number {
  const number = Number(text);
  if (text.trim() !== "" && Number.isInteger(number) && number >= 1 && number <= most) return number;
  throw new OptionError(`${option}: expected a whole number from 1 to ${most}, found "${text}"`);
}

function names(option: string, text: string | undefined, known: readonly string[]): readonly string[] {
  if (text === undefined) return known;
  const wanted = text.split(",");
  const stranger = wanted.find((name) => !known.includes(name));
  if (stranger === undefined) return wanted;
  throw new OptionError(`${option}: expected some of ${known.join(", ")}, found "${stranger}"`);
}

function oneOf(option: string, text: string, known: readonly string[]): string {
  if (known.includes(text)) return text;
  throw new OptionError(`${option}: expected one of ${known.join(", ")}, found "${text}"`);
}
