import { isDeepStrictEqual } from "node:util";
import type { ResolvedConfig } from "./resolved.ts";

/** The parts of a configuration that processes are built around. A snapshot has not all of them. */
export type BuiltAround = Pick<ResolvedConfig, "classifierThreads"> &
  Partial<Pick<ResolvedConfig, "admin" | "state">>;

const WHY = {
  classifierThreads: "acceptors start their classifier threads once",
  admin: "each coordinator opens its admin API by its own configuration file",
  state: "each host names its state in its own configuration file",
} as const satisfies Record<keyof BuiltAround, string>;

/**
 * What a change asks for that running processes cannot adopt, a sentence each; empty when they can adopt all of it. A
 * part that one of the two does not have is not compared.
 */
export function needsRestart(before: BuiltAround, after: BuiltAround): string[] {
  return (Object.keys(WHY) as (keyof BuiltAround)[])
    .filter((part) => differs(before[part], after[part]))
    .map((part) => `${part} cannot change while Shunt runs: ${WHY[part]}. Change the file and restart.`);
}

/** Values are never shown: secrets are among them. */
function differs(before: unknown, after: unknown): boolean {
  return before !== undefined && after !== undefined && !isDeepStrictEqual(before, after);
}
