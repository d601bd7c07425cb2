import { wholeNumber } from "./admin/options.ts";
import { refuseOperands, UsageError } from "./arguments.ts";
import type { Output } from "./check.ts";
import { changeServer } from "./server-change.ts";

const USAGE = "shunt weight POOL/SERVER N";

/** `shunt weight POOL/SERVER N`. */
export function weight(args: readonly string[], output: Output): Promise<number> {
  return changeServer("weight", USAGE, args, output, ([text, ...more]) => {
    refuseOperands("weight", more, `It takes a server and a weight: \`${USAGE}\`.`);
    const number = wholeNumber("weight", "weight", text, [1, 256]);
    if (number !== undefined) return { weight: number };
    throw new UsageError(`shunt weight: expected a weight in 1..256, found nothing: \`${USAGE}\`.`);
  });
}
