import { refuseOperands } from "./arguments.ts";
import type { Output } from "./check.ts";
import { changeServer } from "./server-change.ts";

/** Commands that are named for what they do to a server, and the state that it has then. */
export const STATES = { drain: "drain", ready: "ready", maintenance: "maintenance" } as const;

/** `shunt drain POOL/SERVER`, and its like. */
export function setState(
  command: keyof typeof STATES,
  args: readonly string[],
  output: Output,
): Promise<number> {
  const usage = `shunt ${command} POOL/SERVER`;
  return changeServer(command, usage, args, output, (operands) => {
    refuseOperands(command, operands, `It takes one server: \`${usage}\`.`);
    return { state: STATES[command] };
  });
}
