#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { UsageError } from "./arguments.ts";
import { CommandFailure, EXIT } from "./exit-code.ts";

/**
 * The `shunt` command. A command's code is loaded when it is called: what `up` leaves running is the supervisor,
 * and that has nothing in it that it does not need.
 */

type Command = (args: readonly string[]) => Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = {
  up: async (args) => (await import("./up.ts")).up(args),
  check: async (args) => runCheck(args),
  explain: async (args) => (await import("./explain.ts")).explain(args, process),
  status: async (args) => (await import("./status.ts")).status(args, process),
  top: async (args) => (await import("./top.ts")).top(args),
  drain: async (args) => (await import("./server-state.ts")).setState("drain", args, process),
  maintenance: async (args) => (await import("./server-state.ts")).setState("maintenance", args, process),
  ready: async (args) => (await import("./server-state.ts")).setState("ready", args, process),
  weight: async (args) => (await import("./weight.ts")).weight(args, process),
  config: async (args) => (await import("./config.ts")).config(args, process),
  coordinator: async (args) => (await import("./coordinator.ts")).coordinator(args),
  worker: async (args) => (await import("./worker.ts")).worker(args),
};

/** These serve on when whoever read their output goes. */
const SERVING: ReadonlySet<string> = new Set(["up", "coordinator", "worker"]);

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write((await import("./help.ts")).HELP);
    return name === undefined ? EXIT.refused : EXIT.done;
  }
  if (name === "--version" || name === "-v") {
    process.stdout.write(`${version()}\n`);
    return EXIT.done;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const names = Object.keys(COMMANDS).join(", ");
    throw new UsageError(`shunt: there is no "${name}". Expected one of ${names}; see \`shunt --help\`.`);
  }
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write((await import("./help.ts")).helpOf(name));
    return EXIT.done;
  }
  // `shunt status | head -1` has what it wanted.
  if (!SERVING.has(name)) process.stdout.on("error", () => process.exit(EXIT.done));
  return await command(args);
}

async function runCheck(args: readonly string[]): Promise<number> {
  const { parse } = await import("./arguments.ts");
  const { positionals } = parse("check", args, {});
  const [file, more] = positionals;
  if (file === undefined || more !== undefined) {
    throw new UsageError(
      `shunt check: expected one file, found ${positionals.length}: \`shunt check FILE\`.`,
    );
  }
  return await (await import("./check.ts")).check(file, process);
}

function version(): string {
  return JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError || error instanceof CommandFailure)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error instanceof CommandFailure ? error.exitCode : EXIT.refused;
}
