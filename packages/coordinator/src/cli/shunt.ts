#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { UsageError } from "./arguments.ts";

/**
 * The `shunt` command. A command's code is loaded when it is called: what `up` leaves running is the supervisor,
 * and that has nothing in it that it does not need.
 */

const HELP = `Shunt: a content-aware HTTP load balancer

  shunt up -c FILE        serve by a configuration file until SIGTERM or Ctrl-C
  shunt check FILE        say what is wrong with a configuration file, with places
  shunt explain -c FILE   say why a request would go where
      --method GET  --target /path  --header "Name: value" (again and again)
      --client ADDRESS  --user NAME  --seed NUMBER  --json
  shunt --help | --version
`;

type Command = (args: readonly string[]) => Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = {
  up: async (args) => (await import("./up.ts")).up(args),
  check: async (args) => runCheck(args),
  explain: async (args) => (await import("./explain.ts")).explain(args, process),
  coordinator: async () => refuse("coordinator"),
  worker: async () => refuse("worker"),
};

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(HELP);
    return name === undefined ? 1 : 0;
  }
  if (name === "--version" || name === "-v") {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(HELP);
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return await command(args);
  throw new UsageError(`shunt: there is no "${name}". Expected up, check or explain; see \`shunt --help\`.`);
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

function refuse(name: string): never {
  throw new UsageError(
    `shunt ${name}: several hosts with Redis come with a later version. On one host, \`shunt up -c FILE\` starts everything.`,
  );
}

function version(): string {
  return JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
