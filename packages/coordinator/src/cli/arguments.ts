import { type ParseArgsOptionsConfig, parseArgs } from "node:util";

/** A command line that is not understood: a sentence, exit 1. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Options and operands of a command.
 * @throws UsageError that names the option and what the command takes.
 */
export function parse<T extends ParseArgsOptionsConfig>(
  command: string,
  args: readonly string[],
  options: T,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const known = Object.entries(options).map(([name, { short }]) =>
      short === undefined ? `--${name}` : `--${name} (-${short})`,
    );
    throw new UsageError(
      `shunt ${command}: ${firstSentence(error)}. It takes ${known.join(", ")}; see \`shunt ${command.split(" ")[0]} --help\`.`,
    );
  }
}

/** @throws UsageError when there is an operand. */
export function refuseOperands(command: string, operands: readonly string[], instead: string): void {
  const [first] = operands;
  if (first !== undefined) throw new UsageError(`shunt ${command}: unexpected "${first}". ${instead}`);
}

function firstSentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split(/\.\s/)[0] ?? message;
}
