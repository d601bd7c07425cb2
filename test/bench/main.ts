/** `npm run bench`: the whole-system benchmark. README.md tells what is measured and how. */
import { writeFileSync } from "node:fs";
import { estimateMinutes } from "./estimate.ts";
import { describeMachine } from "./machine.ts";
import { OptionError, type Options, readOptions, usage } from "./options.ts";
import { profile } from "./profile/run.ts";
import { renderReport } from "./report.ts";
import { NothingToMeasure, run } from "./run.ts";
import { targets } from "./targets.ts";

process.exitCode = await main();

async function main(): Promise<number> {
  const options = optionsOrSentence();
  if (typeof options === "string") {
    console.error(options);
    return 1;
  }
  if (options === undefined) {
    console.log(usage);
    return 0;
  }
  const machine = describeMachine();
  const minutes = estimateMinutes(options);
  say(machine.pinning);
  say(`This takes about ${Math.ceil(minutes)} min.`);
  return benchmark(options, machine, minutes);
}

async function benchmark(
  options: Options,
  machine: ReturnType<typeof describeMachine>,
  minutes: number,
): Promise<number> {
  const stop = stopSignal(minutes);
  try {
    if (options.profile) await profile(options, machine, say, stop);
    else await compare(options, machine, stop);
    return 0;
  } catch (error) {
    // it has been said already, target by target
    if (error instanceof NothingToMeasure) return 1;
    if (!stop.aborted) throw error;
    console.error(`Stopped: ${stop.reason instanceof Error ? stop.reason.message : stop.reason}`);
    return 130;
  }
}

async function compare(
  options: Options,
  machine: ReturnType<typeof describeMachine>,
  stop: AbortSignal,
): Promise<void> {
  const text = renderReport(await run(options, machine, say, stop));
  console.log(`\n${text}`);
  if (options.out !== undefined) writeFileSync(options.out, text);
}

function optionsOrSentence(): Options | string | undefined {
  try {
    return readOptions(
      process.argv.slice(2),
      targets.map(({ name }) => name),
    );
  } catch (error) {
    if (error instanceof OptionError) return `${error.message}\n\n${usage}`;
    throw error;
  }
}

/**
 * Fires on Ctrl-C, on SIGTERM, and when the run takes far longer than it should. Whatever is going on then rejects, and
 * the processes end on the one way out that there is.
 */
function stopSignal(minutes: number): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => stop.abort(name));
  return AbortSignal.any([stop.signal, AbortSignal.timeout(Math.ceil(2 * minutes + 2) * 60_000)]);
}

function say(sentence: string): void {
  console.error(sentence);
}
