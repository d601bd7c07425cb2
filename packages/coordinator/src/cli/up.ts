import { hostname } from "node:os";
import { loadConfigInChild } from "../supervisor/load-config.ts";
import { Log } from "../supervisor/log.ts";
import { StartRefusal } from "../supervisor/refusal.ts";
import { Supervisor, type SupervisorOptions } from "../supervisor/supervisor.ts";
import { parse, refuseOperands, UsageError } from "./arguments.ts";
import { serve } from "./serve.ts";

/** Serves until it is told to stop. Resolves with the exit code. */
export async function up(args: readonly string[]): Promise<number> {
  return await serveByFile("up", args, { acceptors: {} });
}

/** A command that serves by a configuration file. Resolves with the exit code. */
export async function serveByFile(
  command: "up" | "coordinator",
  args: readonly string[],
  parts: Pick<SupervisorOptions, "acceptors">,
): Promise<number> {
  const instead = `Name the configuration with -c: \`shunt ${command} -c FILE\`.`;
  const { values, positionals } = parse(command, args, {
    config: { type: "string", short: "c" },
    name: { type: "string" },
  });
  refuseOperands(command, positionals, instead);
  if (values.config === undefined)
    throw new UsageError(`shunt ${command}: no configuration named. ${instead}`);
  const host = hostOf(command, values.name);
  const notice = await loadConfigInChild(values.config);
  if (notice.kind === "mistakes") {
    process.stderr.write(`${notice.mistakes.join("\n")}\n`);
    return 1;
  }
  const { config, fileHash, warnings } = notice;
  if (command === "coordinator" && config.state.kind === "embedded") {
    throw new UsageError(
      'shunt coordinator: without Redis nobody else would find it. Set state: { kind: "redis", url } in the configuration, or start everything with `shunt up -c FILE`.',
    );
  }
  const log = new Log(config.log.level);
  for (const warning of warnings) log.warn({ warning }, "configuration is probably not what is meant");
  return await supervise({ ...parts, config, fileHash, state: config.state, host, log });
}

/** Resolves with the exit code. */
export async function supervise(options: SupervisorOptions): Promise<number> {
  try {
    return await serve(new Supervisor(options), options.log);
  } catch (error) {
    if (!(error instanceof StartRefusal)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

const HOST_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;

/**
 * The name of this host among those of the cluster: it stands in logs, metrics and keys. What the system calls the host
 * is brought into form; what somebody says has to be in it.
 */
export function hostOf(command: string, said: string | undefined): string {
  if (said === undefined)
    return (
      hostname()
        .replaceAll(/[^A-Za-z0-9_.-]/g, "-")
        .slice(0, 64) || "host"
    );
  if (HOST_NAME.test(said)) return said;
  throw new UsageError(
    `shunt ${command}: --name: found ${JSON.stringify(said)}. Expected 1 to 64 letters, digits, and _ . - (the last two not first).`,
  );
}
