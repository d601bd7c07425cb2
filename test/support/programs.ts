import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import type { TestContext } from "vitest";

const run = promisify(execFile);

/** Debian keeps servers where the PATH of a plain user does not look. */
const PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`;
/** What such a server is started with. */
export const environment = { ...process.env, PATH };
/** A client that takes this long hangs. */
const PATIENCE_MS = 40_000;

/**
 * Leaves a test out where a program that is not ours is not installed, with the reason and what to install. Not in
 * continuous integration, which installs all of them: there it fails.
 */
export function needs(context: TestContext, program: string, debianPackage: string): void {
  const found = spawnSync("sh", ["-c", `command -v ${program}`], { env: environment });
  if (found.status === 0) return;
  const reason = `${program} is not installed; on Debian: apt-get install ${debianPackage}`;
  if (process.env.CI !== undefined) throw new Error(reason);
  context.skip(reason);
}

/** What a program writes to standard output. Rejects, with all that it wrote, when it fails. */
export async function output(program: string, ...args: string[]): Promise<string> {
  const options = { env: environment, timeout: PATIENCE_MS, maxBuffer: 2 ** 26 };
  return (await run(program, args, options)).stdout;
}
