import { parseArgs } from "node:util";

export interface Options {
  /** Part of the name of a scenario, or of its file; undefined: all. */
  readonly only: string | undefined;
  /** Whether every failure is shown with all that went over the wire. */
  readonly verbose: boolean;
  /** Names of targets. */
  readonly targets: readonly string[];
}

export const usage = `npm run conformance -- [options]
  --only TEXT      scenarios whose name or file has this text in it
  --targets A,B    of shunt, haproxy, nginx; default all
  --verbose        failures with their reason and everything that went over the wire`;

/** Throws a sentence about an option that is wrong; undefined: help was asked for. */
export function readOptions(args: readonly string[], known: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      targets: { type: "string", default: known.join(",") },
      verbose: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const targets = values.targets.split(",");
  const unknown = targets.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new Error(`--targets: found ${JSON.stringify(unknown)}; expected some of ${known.join(", ")}`);
  return { only: values.only, verbose: values.verbose, targets };
}
