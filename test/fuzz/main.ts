import { readFileSync } from "node:fs";
import { coverage } from "./engine/coverage.ts";
import { Dice } from "./engine/dice.ts";
import { writeFinding } from "./engine/findings.ts";
import { Fuzzer } from "./engine/fuzzer.ts";
import { instrument } from "./engine/instrument.ts";
import type { Target } from "./engine/target.ts";
import { Live } from "./live/live.ts";
import { runPeers } from "./live/peers.ts";
import { type FuzzOptions, readOptions, USAGE } from "./options.ts";

/** `npm run fuzz`: feeds the targets, tells what it found, and ends with 1 if that is anything. */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args, Date.now() % 1_000_000);
  if (options.target === "live" || options.target === "peers") return await fuzzLive(options.target, options);
  instrument((url) => /\/packages\/\w+\/src\/(?!.*test)/.test(url));
  const { openTargets } = await import("./targets/index.ts");
  const targets = (await openTargets()).filter(
    ({ name }) => options.target === undefined || name === options.target,
  );
  if (targets.length === 0) throw new Error(`--target: there is no target "${options.target}"`);
  return options.file === undefined ? fuzzAll(targets, options) : runFile(targets[0] as Target, options.file);
}

/** Processes and sockets: nothing is instrumented, and a finding is as large as it was. */
async function fuzzLive(target: "live" | "peers", { seconds, seed, file }: FuzzOptions): Promise<number> {
  console.log(`fuzzing ${target} with --seed ${seed}`);
  const inputs = file === undefined ? [] : [readFileSync(file)];
  const begun = Date.now();
  const isOver = (part = 1): boolean => Date.now() - begun >= seconds * 1_000 * part;
  const report =
    target === "live"
      ? await new Live(new Dice(seed)).run(isOver, inputs)
      : await runPeers(new Dice(seed), isOver, inputs);
  console.log(`${target}: ${report.conversations} connections, ${report.requests} requests at servers`);
  for (const finding of report.findings) console.log(`\n${writeFinding(finding)}`);
  return conclude(report.findings.length);
}

function runFile(target: Target, file: string): number {
  console.log(`${target.name}: ${target.run(readFileSync(file))}`);
  return 0;
}

function fuzzAll(targets: readonly Target[], options: FuzzOptions): number {
  console.log(`fuzzing ${targets.map(({ name }) => name).join(", ")} with --seed ${options.seed}`);
  const weights = targets.reduce((sum, { weight }) => sum + weight, 0);
  const findings = targets.map((target, i) => {
    const ms = (options.seconds * 1_000 * target.weight) / weights;
    return fuzz(target, new Dice(options.seed + i), ms, options.keep);
  });
  return conclude(findings.reduce((sum, count) => sum + count, 0));
}

function conclude(found: number): number {
  console.log(found === 0 ? "no finding" : `${found} findings`);
  return found === 0 ? 0 : 1;
}

/** Returns how many findings there were. */
function fuzz(target: Target, dice: Dice, ms: number, keep: boolean): number {
  const fuzzer = new Fuzzer(target, dice);
  const begun = Date.now();
  fuzzer.begin();
  fuzzer.go(() => Date.now() - begun >= ms);
  const seconds = (Date.now() - begun) / 1_000;
  console.log(
    `${target.name}: ${fuzzer.runs} inputs in ${seconds.toFixed(1)} s, ${fuzzer.inputs} of them new, ` +
      `${coverage.taken} of ${coverage.edges} branches taken`,
  );
  for (const finding of fuzzer.findings) console.log(`\n${writeFinding(finding)}`);
  if (keep) console.log(`${target.name}: ${fuzzer.keep()} inputs kept`);
  return fuzzer.findings.length;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? `${error.stack}\n${USAGE}` : error);
  process.exitCode = 2;
}
process.exit();
