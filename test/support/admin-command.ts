import { execFile } from "node:child_process";
import { type RunningShunt, SHUNT, TOKEN } from "./shunt.ts";

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A command of the real binary against the admin API of a running product. */
export function adminCommand(shunt: Pick<RunningShunt, "admin">, ...args: readonly string[]): Promise<Ran> {
  return command(args, { SHUNT_ADMIN: shunt.admin, SHUNT_TOKEN: TOKEN });
}

/** A command of the real binary, with nothing in its environment that is not given. */
export function command(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const { SHUNT_ADMIN: _, SHUNT_TOKEN: __, ...inherited } = process.env;
  const env = { ...inherited, ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, [SHUNT, ...args], { env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}
