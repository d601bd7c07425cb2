import { readChange } from "./admin/answers.ts";
import { adminClient, CHANGE_OPTIONS, versionOf } from "./admin/options.ts";
import { parse, UsageError } from "./arguments.ts";
import { writeChange } from "./change-text.ts";
import type { Output } from "./check.ts";
import { EXIT } from "./exit-code.ts";

/** Changes one server as a command says; `read` makes the change of its further operands. */
export async function changeServer(
  command: string,
  usage: string,
  args: readonly string[],
  output: Output,
  read: (operands: readonly string[]) => object,
): Promise<number> {
  const { values, positionals } = parse(command, args, CHANGE_OPTIONS);
  const [named, ...operands] = positionals;
  const path = pathOf(command, usage, named);
  const body = read(operands);
  const answer = await adminClient(command, values).send("PATCH", path, {
    body,
    dryRun: values["dry-run"],
    ifMatch: versionOf(command, values["if-match"]),
  });
  writeChange(readChange(answer.body), values.json, output);
  return EXIT.done;
}

function pathOf(command: string, usage: string, named: string | undefined): string {
  const [pool = "", server = "", more] = (named ?? "").split("/");
  if (pool !== "" && server !== "" && more === undefined) {
    return `/v1/pools/${encodeURIComponent(pool)}/servers/${encodeURIComponent(server)}`;
  }
  const found = named === undefined ? "nothing" : `"${named}"`;
  throw new UsageError(`shunt ${command}: expected a server as POOL/SERVER, found ${found}: \`${usage}\`.`);
}
